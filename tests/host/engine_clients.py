"""Other engines as clients of registries: fixtures, each with a store of its own."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import pytest

import programs

# Others may stand in the path before them.
CLIENT, SERVER = "/usr/bin/docker", "/usr/sbin/dockerd"


@pytest.fixture
def podman(storage):
    """podman("pull", NAME)."""
    arguments, environment = storage

    def call(*words, **options):
        return programs.run("podman", *arguments, "--cgroup-manager", "cgroupfs",
                            "--events-backend", "none", *words, env=environment, timeout=120,
                            **options)
    return call


@pytest.fixture
def docker():
    """docker("pull", NAME) by a dockerd that runs no containers, or a skip."""
    if not os.path.exists(CLIENT) or not os.path.exists(SERVER):
        pytest.skip("no docker here: apt-get install docker.io")
    # Sockets below a long path cannot be bound.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="ikada-docker-"))
    environment = {**os.environ, "HOME": str(directory), "DOCKER_CONFIG": str(directory),
                   "DOCKER_HOST": f"unix://{directory}/sock"}
    with open(directory / "log", "wb") as log:
        daemon = subprocess.Popen(
            [SERVER, "--host", f"unix://{directory}/sock", "--data-root", directory / "data",
             "--exec-root", directory / "exec", "--pidfile", directory / "pid",
             "--storage-driver", "vfs", "--bridge", "none", "--iptables=false",
             "--ip6tables=false", "--ip-masq=false"],
            stdout=log, stderr=log, env=environment)

    def call(*words, **options):
        return programs.run(CLIENT, *words, env=environment, timeout=60, **options)

    deadline = time.monotonic() + 60
    try:
        while call("version", check=False).returncode != 0:
            if daemon.poll() is not None or time.monotonic() > deadline:
                pytest.skip("dockerd does not start here: "
                            + (directory / "log").read_text(errors="replace")[-300:])
            time.sleep(0.2)
        yield call
    finally:
        daemon.terminate()
        daemon.wait(timeout=60)
        # It mounts that on itself and leaves it so.
        subprocess.run(["umount", "-l", directory / "data"], capture_output=True, check=False)
        shutil.rmtree(directory)
