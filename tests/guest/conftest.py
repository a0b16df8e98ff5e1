"""Fixtures of the guest lane; the modules are the host lane's."""

import os
import pathlib
import secrets
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "host"))

# pylint: disable=wrong-import-position
import bundles  # noqa: E402
import docker_registry  # noqa: E402
import ikada_command  # noqa: E402
import images  # noqa: E402
import programs  # noqa: E402
import rootfs  # noqa: E402
import runtime_command  # noqa: E402

CGROUPS = pathlib.Path("/sys/fs/cgroup")

if "IKADA_GUEST" not in os.environ:
    raise SystemExit("these tests change limits and devices: run them with tests/guest/run")


@pytest.fixture(scope="session")
def busybox_rootfs(tmp_path_factory):
    return rootfs.make_busybox_rootfs(tmp_path_factory.mktemp("busybox") / "rootfs")


@pytest.fixture
def runtime(tmp_path):
    """ikada-runtime; its containers are deleted at the end."""
    if not programs.IKADA_RUNTIME.exists():
        pytest.skip(f"{programs.IKADA_RUNTIME} is not built")
    command = runtime_command.Runtime(tmp_path / "state")
    yield command
    command.remove_all()


@pytest.fixture
def bundle(busybox_rootfs, tmp_path):
    """bundle("shell script", resources) → Bundle with a cgroup of its own: bundle.cgroup."""
    def make(script, resources=None):
        name = f"g-{secrets.token_hex(4)}"
        config = bundles.default_config(["/bin/sh", "-c", script], busybox_rootfs)
        config["linux"]["cgroupsPath"] = f"/ikada/{name}"
        config["linux"]["resources"] = resources or {}
        made = bundles.Bundle(tmp_path / name, config, name)
        made.cgroup = CGROUPS / "ikada" / name
        return made
    return make


@pytest.fixture(scope="session")
def busybox_image(busybox_rootfs, tmp_path_factory):
    """The reference of busybox in a registry inside the guest."""
    server = docker_registry.DockerRegistry(tmp_path_factory.mktemp("registry")).start()
    layer = images.layer_of_directory(busybox_rootfs)
    server.push("busybox", "latest", images.Image([layer], config={
        "Cmd": ["/bin/sh"], "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}))
    yield f"{server.address}/busybox:latest"
    server.stop()


@pytest.fixture
def ikada(tmp_path, busybox_image):
    """ikada with the image; its containers are removed at the end."""
    if not programs.IKADA.exists():
        pytest.skip(f"{programs.IKADA} is not built")
    command = ikada_command.Ikada(tmp_path)
    command("pull", "-q", busybox_image)
    yield command
    command.remove_all()
