"""Fixtures of the host lane. The modules beside this file say what each thing can do."""

import os
import pathlib
import secrets
import shutil
import signal
import tempfile

import pytest

import bundles
import canary as host_canary
import docker_registry
import ikada_command
import images
import leaks
import private_namespaces
import programs
import rootfs
import runtime_command

TEST_TIMEOUT_S = 120
SLOWNESS = 2  # Of a machine that does other things beside: limits are so many times as long.

_namespaces = None


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="partitions of minutes, not seconds")


def pytest_configure(config):
    global _namespaces
    config.addinivalue_line("markers", f"timeout(seconds): another limit than {TEST_TIMEOUT_S} s")
    if config.option.collectonly or config.option.help:
        return
    _namespaces = private_namespaces.PrivateNamespaces()
    config.stash[private_namespaces.OUTSIDE] = _namespaces.outside


def pytest_unconfigure():
    if _namespaces is not None:
        _namespaces.leave()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """Ends a test that hangs, so that the lane always ends."""
    marker = item.get_closest_marker("timeout")
    limit = SLOWNESS * (marker.args[0] if marker else TEST_TIMEOUT_S)

    def expire(_signal, _frame):
        raise TimeoutError(f"still running after {limit} s")

    signal.signal(signal.SIGALRM, expire)
    signal.alarm(limit)
    yield
    signal.alarm(0)


@pytest.fixture(scope="module", autouse=True)
def no_leaks(_before_modules):
    """After a file's tests nothing of theirs may be left; started before, ended after them."""
    before = leaks.snapshot()
    yield
    leaks.check(before)


@pytest.fixture(scope="session")
def _before_modules(registry):
    """What lives for the whole session is there before the first snapshot."""
    return registry


@pytest.fixture(scope="session")
def busybox_rootfs(tmp_path_factory):
    """A directory that many tests share: mount it read-only or copy it."""
    return rootfs.make_busybox_rootfs(tmp_path_factory.mktemp("busybox") / "rootfs")


@pytest.fixture
def own_rootfs(busybox_rootfs, tmp_path):
    """A copy that the test may change."""
    target = tmp_path / "rootfs"
    shutil.copytree(busybox_rootfs, target, symlinks=True)
    return target


@pytest.fixture
def bundle(busybox_rootfs, tmp_path):
    """bundle(["sh", "-c", "…"]) → Bundle; rootfs=…, docker_like=True."""
    def make(args=("true",), rootfs=None, docker_like=False, container_id=None):
        build = bundles.docker_like_config if docker_like else bundles.default_config
        name = container_id or f"t-{secrets.token_hex(4)}"
        config = build(args, rootfs or busybox_rootfs)
        config["linux"]["cgroupsPath"] = f"/ikada/{name}"
        return bundles.Bundle(tmp_path / f"bundle-{name}", config, name)
    return make


@pytest.fixture
def runtime(tmp_path):
    """ikada-runtime; its containers are deleted at the end."""
    command = runtime_command.Runtime(tmp_path / "state")
    yield command
    command.remove_all()


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    """A registry for everybody: use repository names of your own."""
    server = docker_registry.DockerRegistry(tmp_path_factory.mktemp("registry")).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def busybox_image(busybox_rootfs, registry):
    """The reference of a pushed image with busybox; its command is sh."""
    layer = images.layer_of_directory(busybox_rootfs)
    image = images.Image([layer], config={
        "Cmd": ["/bin/sh"], "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]})
    registry.push("busybox", "latest", image)
    return f"{registry.address}/busybox:latest"


@pytest.fixture
def ikada(tmp_path):
    """ikada with an empty root; its containers are removed at the end."""
    command = ikada_command.Ikada(tmp_path)
    yield command
    command.remove_all()


@pytest.fixture(scope="module")
def shared_ikada(tmp_path_factory, busybox_image):
    """ikada for a whole file, with busybox_image pulled already."""
    command = ikada_command.Ikada(tmp_path_factory.mktemp("ikada"))
    command("pull", "-q", busybox_image)
    yield command
    command.remove_all()


@pytest.fixture
def ikadad_program():
    """The daemon's path."""
    return pathlib.Path(programs.IKADAD)


@pytest.fixture
def canary(tmp_path):
    """A tree on the host that nothing may change."""
    path = host_canary.make(tmp_path / "canary")
    before = host_canary.look(path)
    yield path
    assert host_canary.look(path) == before


@pytest.fixture
def storage(tmp_path):
    """Arguments that keep podman's and buildah's things apart from the host's."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "auth.json").write_text("{}")
    # podman refuses a long path.
    run = tempfile.mkdtemp(prefix="ikada-run-")
    yield ["--root", str(tmp_path / "storage"), "--runroot", run,
           "--storage-driver", "vfs"], {**os.environ, "HOME": str(home),
                                        "REGISTRY_AUTH_FILE": str(home / "auth.json")}
    shutil.rmtree(run)
