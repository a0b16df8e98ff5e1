"""Containers whose root lies on a full disk: what was started ends properly and can be removed."""

import os
import signal
import subprocess
import time
import types

import pytest

import ecs_server
import ikada_command
import programs
from cluster_hosts import NO_TASKS, wait_until
from test_node_roles import is_settled, make_cluster, name_of  # noqa: F401

DISK_BYTES = 48 << 20


@pytest.fixture(params=["ext4", "tmpfs"])
def disk(request, tmp_path):
    """A small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    if request.param == "tmpfs":
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", place]
    else:
        file = tmp_path / "disk.ext4"
        with open(file, "wb") as image:
            image.truncate(DISK_BYTES)
        # Without blocks that are kept back for root, whom the tests run as.
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", file], check=True, timeout=30)
        mount = ["mount", "-o", "loop", file, place]
    made = subprocess.run(mount, capture_output=True, text=True, timeout=30)
    if made.returncode != 0:
        pytest.skip(f"no {request.param} can be mounted: {made.stderr.strip()}")
    yield place
    # A monitor whose container is gone already may need a moment to end.
    deadline = time.monotonic() + 60
    while subprocess.run(["umount", place], capture_output=True, timeout=30).returncode != 0:
        assert time.monotonic() < deadline, f"{place} stays in use"
        time.sleep(0.1)


@pytest.fixture
def small_ikada(disk, tmp_path, busybox_image):
    command = ikada_command.Ikada(tmp_path)
    command.root = disk / "root"
    command("pull", "-q", busybox_image)
    yield command
    (disk / "ballast").unlink(missing_ok=True)
    command.remove_all()


@pytest.fixture
def fill(disk):
    return lambda: fill_up(disk)


def fill_up(disk):
    """Takes every block of the disk that is left."""
    with open(disk / "ballast", "ab", buffering=0) as file:
        for size in (1 << 20, 4096, 512, 1):
            while True:
                try:
                    if file.write(bytes(size)) < size:
                        break
                except OSError:
                    break


def test_the_exit_status_is_kept_and_the_container_can_be_removed(small_ikada, busybox_image, fill):
    small_ikada("run", "-d", "--name", "short", "--network", "none", busybox_image,
                "sh", "-c", "read x < /dev/null; sleep 2; exit 42")
    fill()

    assert small_ikada("wait", "short").stdout == "42\n"
    shown = small_ikada("ps", "-a", "--format", "{{.Names}} {{.Status}}").stdout
    assert shown.startswith("short Exited (42) ")
    assert small_ikada.inspect("short")["State"]["ExitCode"] == 42
    small_ikada("rm", "short")
    assert small_ikada.containers() == []


def test_a_container_that_writes_goes_on_and_says_its_status(small_ikada, busybox_image, fill):
    process = small_ikada.popen("run", "--name", "loud", "--network", "none", "-i", busybox_image,
                                "sh", "-c", "read x; seq 20000; exit 7",
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    wait_until_running(small_ikada, "loud")
    fill()

    output, _ = process.communicate("go\n", timeout=60)

    assert output.splitlines() == [str(number) for number in range(1, 20001)]
    assert process.returncode == 7
    assert small_ikada.inspect("loud")["State"]["ExitCode"] == 7
    small_ikada("logs", "loud")
    small_ikada("rm", "loud")


def test_a_container_of_a_full_disk_is_stopped_killed_and_removed(small_ikada, busybox_image, fill):
    for name, options in (("one", ()), ("two", ()), ("three", ("--rm",))):
        small_ikada("run", "-d", "--name", name, *options, "--network", "none", busybox_image,
                    "sleep", "1000")
    fill()

    small_ikada("stop", "-t", "0", "one")
    small_ikada("kill", "three")
    small_ikada("rm", "-f", "two")
    small_ikada("rm", "one")

    deadline = time.monotonic() + 60
    while small_ikada.containers() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert small_ikada.containers() == []


def test_run_says_in_one_line_that_the_disk_is_full(small_ikada, busybox_image, fill):
    small_ikada("run", "--rm", "--network", "none", busybox_image, "true")
    fill()

    result = small_ikada("run", "--rm", "--network", "none", busybox_image, "true", check=False)

    assert result.returncode == 125
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("ikada run: ")
    assert "No space left on device" in result.stderr
    assert small_ikada.containers() == []


def test_a_start_on_a_full_disk_leaves_the_container_as_it_was(small_ikada, busybox_image, fill,
                                                               disk):
    small_ikada("create", "--name", "later", "--network", "none", busybox_image, "true")
    fill()

    result = small_ikada("start", "later", check=False)
    (disk / "ballast").unlink()
    small_ikada("start", "-a", "later")

    assert result.returncode == 1
    assert "No space left on device" in result.stderr
    assert small_ikada.inspect("later")["State"]["ExitCode"] == 0


def test_a_volume_that_cannot_be_filled_is_not_left_half_full(small_ikada, busybox_image, fill,
                                                              disk):
    fill()
    with open(disk / "ballast", "r+b") as file:
        file.truncate((disk / "ballast").stat().st_size - (1 << 20))
    free = os.statvfs(disk).f_bavail

    result = small_ikada("run", "--rm", "--network", "none", "-v", "named:/bin", busybox_image,
                         "true", check=False)

    assert result.returncode == 125
    assert result.stderr.startswith("ikada run: volume named: ")
    assert "No space left on device" in result.stderr
    assert not (small_ikada.root / "volumes" / "named").exists()
    assert os.statvfs(disk).f_bavail >= free - 16


@pytest.fixture
def manager(disk, tmp_path):
    """start(): an ikadad that is a manager and keeps its state on the disk."""
    place = types.SimpleNamespace(run_root=tmp_path / "run", root=disk / "state")
    started = []

    def start():
        started.append(ecs_server.EcsServer(tmp_path / "server", ikada=place))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.mark.parametrize("end", ["SIGKILL", "SIGTERM"])
def test_a_manager_starts_again_on_a_full_disk(manager, fill, disk, end):
    server = manager()
    ecs = server.client()
    ecs.create_cluster(clusterName="before")
    server.stop(signal.Signals[end])
    fill()

    server.start()

    assert any(each.endswith("/before") for each in ecs.list_clusters()["clusterArns"])
    (disk / "ballast").unlink()
    deadline = time.monotonic() + 30
    while True:  # It looks for room once a second.
        try:
            ecs.create_cluster(clusterName="after")
            return
        except ecs.exceptions.ServerException:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture
def mount():
    """mount(place, options): a tmpfs until the hosts of the test have gone."""
    mounted = []

    def call(place, options):
        programs.run("mount", "-t", "tmpfs", "-o", options, "none", place)
        mounted.append(place)

    yield call
    for place in mounted:
        programs.run("umount", "-l", place)


@pytest.mark.timeout(200)
def test_one_of_several_managers_starts_again_on_a_full_disk(mount, make_cluster):
    cluster = make_cluster(3, None, [NO_TASKS] * 3)
    full = cluster.hosts[2]
    full.stop()
    mount(full.root, "size=400m,mode=0700")  # Etcd allocates its log ahead.
    full.start()
    cluster.init()
    cluster.lead_with(3)
    names = [name_of(host) for host in cluster.hosts]
    is_settled(cluster, names, [])
    full.stop()
    fill_up(full.root)

    full.start()

    wait_until(lambda: cluster.nodes()["host3"]["State"] == "connected", cluster=cluster)
    assert full.status()["role"] == "manager"
    assert full("node", "ls").returncode == 0
    (full.root / "ballast").unlink()
    is_settled(cluster, names, [])


@pytest.mark.parametrize("left", [0, 4096, 16384, 65536])
def test_a_first_start_without_room_says_so_and_a_later_one_works(manager, fill, disk, left):
    fill()
    if left:
        with open(disk / "ballast", "r+b") as file:
            file.truncate((disk / "ballast").stat().st_size - left)

    try:
        manager()
    except AssertionError as failed:
        line, = [each for each in str(failed).splitlines() if each.startswith("ikadad: ")]
        assert "No space left on device" in line or "database or disk is full" in line
    else:
        assert left > 0  # Enough for a start.

    (disk / "ballast").unlink()
    manager().client().create_cluster(clusterName="later")


def wait_until_running(ikada, name):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = ikada("inspect", "-f", "{{.State.Running}}", name, check=False)
        if found.stdout == "true\n":
            return
        time.sleep(0.05)
    raise AssertionError(f"{name} does not run")
