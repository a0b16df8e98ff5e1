"""Layers made of Debian packages that are installed on this host."""

import io
import os
import subprocess
import tarfile

import images


def layer_of_packages(*packages):
    """All files of the packages with the directories above them, as they are on this host."""
    listed = subprocess.run(["dpkg", "-L", *packages], capture_output=True, text=True, check=True,
                            timeout=60).stdout
    paths = set()
    for line in listed.splitlines():
        if not line.startswith("/") or line == "/." or "/share/doc" in line or "/man/" in line:
            continue
        # Packages still name /lib and /bin where the merged /usr has symlinks.
        path = os.path.join(os.path.realpath(os.path.dirname(line)), os.path.basename(line))
        if os.path.lexists(path):
            paths.add(path)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("lib", "lib64", "bin", "sbin"):
            if os.path.islink(f"/{name}") and name in ("lib", "lib64"):
                tar.add(f"/{name}", arcname=name)
        for path in sorted(paths):
            if path not in ("/lib", "/lib64", "/bin", "/sbin"):
                tar.add(path, arcname=path[1:], recursive=False)
    return images.Layer(buffer.getvalue(), "gzip")
