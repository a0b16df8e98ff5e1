"""Makes a small web server's image from busybox-static and pushes it; used by ./quickstart, too.

  /usr/bin/python3 tests/host/web_image.py PORT REPOSITORY TAG

When a container of it starts, it writes its hostname into index.html and serves it on port 80.
"""

import pathlib
import sys
import tempfile

import docker_registry
import images
import rootfs

SCRIPT = """#!/bin/sh
echo "Hello from $(hostname)" > /www/index.html
echo "web server of $(hostname) is ready"
exec httpd -f -v -p 80 -h /www
"""


def make_web_image(directory):
    """Two layers: busybox, and the script above it."""
    base = images.layer_of_directory(rootfs.make_busybox_rootfs(directory))
    script = images.layer_of_entries([images.entry("serve", SCRIPT, mode=0o755)])
    return images.Image([base, script], config={
        "Cmd": ["/serve"], "ExposedPorts": {"80/tcp": {}}, "StopSignal": "SIGKILL",
        "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]})


def main(port, repository, tag):
    registry = docker_registry.DockerRegistry("/nonexistent")
    registry.port = int(port)
    with tempfile.TemporaryDirectory(prefix="ikada-web-image-") as scratch:
        image = make_web_image(pathlib.Path(scratch) / "rootfs")
    registry.push(repository, tag, image)
    size = sum(len(layer.data) for layer in image.layers)
    print(f"pushed {registry.address}/{repository}:{tag}, {size} bytes in 2 layers")


if __name__ == "__main__":
    main(*sys.argv[1:])
