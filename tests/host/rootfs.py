"""A root filesystem from Debian's busybox-static."""

import os
import pathlib
import shutil
import subprocess

BUSYBOX = pathlib.Path("/bin/busybox")


def make_busybox_rootfs(target):
    """One static program with a link for each of its names, and the files that look-ups want."""
    target = pathlib.Path(target)
    for name in ("bin", "sbin", "usr/bin", "usr/sbin", "etc", "proc", "sys", "dev", "run", "root",
                 "home", "var", "www"):
        (target / name).mkdir(parents=True, exist_ok=True)
    (target / "tmp").mkdir(exist_ok=True)
    (target / "tmp").chmod(0o1777)
    shutil.copy2(BUSYBOX, target / "bin" / "busybox")
    applets = subprocess.run(
        [BUSYBOX, "--list-full"], capture_output=True, text=True, check=True, timeout=30)
    for applet in applets.stdout.split():
        link = target / applet
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink() and not link.exists():
            os.symlink("/bin/busybox", link)
    (target / "etc" / "passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\n"
        "daemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
        "alice:x:1000:1000:Alice:/home/alice:/bin/sh\n")
    (target / "etc" / "group").write_text(
        "root:x:0:\ndaemon:x:1:\naudio:x:29:alice\nalice:x:1000:\n")
    (target / "home" / "alice").mkdir(exist_ok=True)
    os.chown(target / "home" / "alice", 1000, 1000)
    return target
