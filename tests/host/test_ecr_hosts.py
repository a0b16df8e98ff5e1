"""The cluster's registry on several hosts: pulled once by many, from each other."""

import json
import os
import pathlib
import signal
import time

import pytest

import cluster_hosts
import images
import programs
from cluster_hosts import wait_tasks, wait_until

HOSTS = 5  # Besides the manager.
LAYER_BYTES = 24 << 20
ROOM_MIB = 600  # Of the last host's disk, which is its own.


@pytest.fixture(scope="module")
def cluster(no_leaks, tmp_path_factory, shared_ikada, busybox_image):
    directory = tmp_path_factory.mktemp("registry-hosts")
    archive = directory / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    agents = [{"limits": "ignore", "run_tasks": False}]
    cluster = cluster_hosts.Cluster(directory / "hosts", HOSTS + 1, agents=agents)
    small = cluster.hosts[-1]
    small.stop()
    programs.run("mount", "-t", "tmpfs", "-o", f"size={ROOM_MIB}m", "disk", small.root)
    small.start()
    cluster.init()
    for host in cluster.hosts[1:]:
        cluster.join(host)
    wait_until(lambda: cluster_hosts.instances(cluster) == HOSTS, cluster=cluster)
    cluster.manager("load", "-q", "-i", archive)
    cluster.manager.log_in()
    yield cluster
    cluster.close()
    programs.run("umount", "-l", small.root)


@pytest.fixture
def slow(cluster):
    """slow(host, mbit): what it sends from now on is held to that rate."""
    held = []

    def hold(host, mbit):
        made = host.run("tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", f"{mbit}mbit",
                        "burst", "64kb", "latency", "100ms", check=False)
        if made.returncode != 0:
            pytest.skip(f"no wire can be held to a rate here: {made.stderr}")
        held.append(host)

    yield hold
    for host in held:
        host.run("tc", "qdisc", "delete", "dev", "eth0", "root")
    # Who was away is back, and its tasks are told to stop.
    wait_until(lambda: {node["State"] for node in cluster.nodes().values()} == {"connected"},
               cluster=cluster)


def push(cluster, base, name, directory, layers=1):
    """An image with large layers that do not compress, as NAME in the registry; their digests."""
    cluster.manager.images_api("CreateRepository", repositoryName=name)
    context = directory / name
    context.mkdir()
    for number in range(layers):
        (context / f"big{number}").write_bytes(os.urandom(LAYER_BYTES // layers))
    copies = "".join(f"COPY big{number} /big{number}\n" for number in range(layers))
    (context / "Dockerfile").write_text(f"FROM {base}\n{copies}")
    image = f"127.0.0.1:7439/{name}:1"
    known = {path.name for path in large_blobs(cluster.manager)}
    cluster.manager("build", "-q", "-t", image, context)
    cluster.manager("push", "-q", image)
    digests = {path.name for path in large_blobs(cluster.manager)} - known
    assert len(digests) == layers
    return image, digests


def sent_bytes(host):
    """What its interfaces have sent."""
    lines = host.run("cat", "/proc/net/dev").stdout.splitlines()[2:]
    return sum(int(line.split(":")[1].split()[8]) for line in lines if "lo:" not in line)


def run_everywhere(cluster, image, count=HOSTS):
    arns = cluster_hosts.run_tasks(cluster, image, count)
    tasks = wait_tasks(cluster, arns, "RUNNING", timeout_s=120)
    return arns, {task["containerInstanceArn"] for task in tasks}


def stop(cluster, arns):
    for arn in arns:
        cluster.manager.api("StopTask", task=arn)
    wait_tasks(cluster, arns, "STOPPED")


def test_many_hosts_load_the_registry_once(cluster, busybox_image, tmp_path):
    image, _ = push(cluster, busybox_image, "once", tmp_path)
    before = sent_bytes(cluster.manager)
    started = time.monotonic()
    arns, hosts = run_everywhere(cluster, image)
    took = time.monotonic() - started
    sent = sent_bytes(cluster.manager) - before
    print(f"{HOSTS} hosts in {took:.1f} s, {sent / LAYER_BYTES:.2f} times from the manager")
    assert len(hosts) == HOSTS
    assert LAYER_BYTES < sent < 1.6 * LAYER_BYTES + (4 << 20)
    stop(cluster, arns)


def test_the_registry_has_the_managers_name_too(cluster, busybox_image, tmp_path):
    push(cluster, busybox_image, "named", tmp_path)
    arns, _ = run_everywhere(cluster, f"{cluster.manager.address}:7440/named:1", 1)
    stop(cluster, arns)


def test_hosts_that_lie_or_are_gone_cost_little(cluster, busybox_image, tmp_path):
    image, digests = push(cluster, busybox_image, "liars", tmp_path)
    # Two hosts have it: the layer of the one is spoilt, the other dies.
    arns, _ = run_everywhere(cluster, image, 2)
    liar, dead = having(cluster, digests)
    spoil(blob_path(liar, *digests))
    dead.stop(9)
    try:
        # To the hosts that have no task yet: they are sent to those two.
        more, hosts = run_everywhere(cluster, image, 3)
    finally:
        dead.start()
    assert len(hosts) == 3
    assert right(cluster, digests, [liar]) >= 3
    stop(cluster, arns + more)


def test_layers_come_from_each_other_at_once(cluster, busybox_image, tmp_path):
    image, digests = push(cluster, busybox_image, "several", tmp_path, layers=4)
    before = sent_bytes(cluster.manager)

    arns, hosts = run_everywhere(cluster, image)

    sent = sent_bytes(cluster.manager) - before
    print(f"{sent / LAYER_BYTES:.2f} times from the manager")
    assert len(hosts) == HOSTS and right(cluster, digests) == HOSTS
    assert LAYER_BYTES < sent < 2 * LAYER_BYTES + (4 << 20)
    stop(cluster, arns)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_peer_that_fails_midway_costs_little(cluster, slow, busybox_image, tmp_path, number):
    image, digests = push(cluster, busybox_image, f"midway{number}", tmp_path)
    arns, _ = run_everywhere(cluster, image, 1)
    giver, = having(cluster, digests)
    slow(giver, 40)
    before = sent_bytes(giver)

    more = cluster_hosts.run_tasks(cluster, image, 3)
    wait_until(lambda: sent_bytes(giver) - before > LAYER_BYTES // 4, cluster=cluster)
    giver.process.send_signal(number)
    failed = time.monotonic()
    try:
        wait_tasks(cluster, more, "RUNNING")
        took = time.monotonic() - failed
    finally:
        if number == signal.SIGKILL:
            giver.process.wait(timeout=30)
            giver.start()
        else:
            giver.process.send_signal(signal.SIGCONT)

    print(f"RUNNING {took:.1f} s after it failed")
    assert took < 40
    assert right(cluster, digests) >= 4
    stop(cluster, arns + more)


def test_who_waits_for_a_host_that_dies_waits_not_long(cluster, slow, busybox_image, tmp_path):
    image, digests = push(cluster, busybox_image, "first", tmp_path)
    slow(cluster.manager, 80)

    arns = cluster_hosts.run_tasks(cluster, image, 4)
    # One takes it from the manager, and the others wait for that.
    first = wait_until(lambda: half_way(cluster, *digests), cluster=cluster)
    instance = cluster_hosts.instance_of(cluster, first)
    first.stop(signal.SIGKILL)
    died = time.monotonic()
    others = [task["taskArn"] for task in cluster_hosts.describe(cluster, arns)
              if not task["containerInstanceArn"].endswith(instance)]
    try:
        wait_tasks(cluster, others, "RUNNING")
        took = time.monotonic() - died
    finally:
        first.start()

    print(f"RUNNING {took:.1f} s after the first died")
    assert len(others) == 3 and took < 45
    assert right(cluster, digests) >= 3
    stop(cluster, arns)


def test_a_disk_that_fills_up_fails_the_task_and_has_room_again(cluster, slow, busybox_image,
                                                                tmp_path):
    host = cluster.hosts[-1]
    instance = cluster_hosts.instance_of(cluster, host)
    image, digests = push(cluster, busybox_image, "full", tmp_path)
    slow(cluster.manager, 80)
    # Most of it is taken before, so that the rest is taken at once.
    fill(host.root / "hindrance")
    os.truncate(host.root / "hindrance", os.path.getsize(host.root / "hindrance") - (64 << 20))

    def start():
        cluster_hosts.define_sleeper(cluster, image)
        started = cluster.manager.api("StartTask", taskDefinition="sleeper",
                                      containerInstances=[instance])
        return [task["taskArn"] for task in started["tasks"]]

    arns = start()
    assert wait_until(lambda: half_way(cluster, *digests), cluster=cluster) is host
    fill(host.root / "hindrance")
    task, = wait_tasks(cluster, arns, "STOPPED")

    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: "), task
    assert "No space left on device" in task["stoppedReason"], task
    assert os.listdir(host.root / "layers" / "staging") == []
    assert not os.path.exists(host.root / "images" / "partial" / digests.pop())
    os.remove(host.root / "hindrance")
    again = start()
    wait_tasks(cluster, again, "RUNNING")
    stop(cluster, again)


def half_way(cluster, digest):
    """The host that has a part of the blob, or None."""
    for host in cluster.hosts[1:]:
        path = pathlib.Path(host.root, "images/partial", digest)
        if path.exists() and path.stat().st_size > LAYER_BYTES // 8:
            return host
    return None


def fill(path):
    """With all the room that its disk has."""
    with open(path, "ab", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(1 << 20))


def large_blobs(host):
    """The files of its store that have a large layer."""
    return [path for path in pathlib.Path(host.root, "images/blobs/sha256").glob("*")
            if path.stat().st_size > LAYER_BYTES // 5]


def blob_path(host, digest):
    return pathlib.Path(host.root, "images/blobs/sha256", digest)


def having(cluster, digests):
    """The hosts besides the manager that have all of them."""
    return [host for host in cluster.hosts[1:]
            if all(blob_path(host, digest).exists() for digest in digests)]


def right(cluster, digests, liars=()):
    """How many of them have what the digests say."""
    hosts = [host for host in having(cluster, digests) if host not in liars]
    for host in hosts:
        for digest in digests:
            assert images.digest_of(blob_path(host, digest).read_bytes()) == f"sha256:{digest}"
    return len(hosts)


def spoil(path):
    with open(path, "r+b") as file:
        file.seek(LAYER_BYTES // 2)
        file.write(b"lies")


def test_strangers_get_no_blobs(cluster):
    status = cluster.manager.run(
        "curl", "-sSk", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}",
        f"https://{cluster.hosts[1].address}:7446/ikada/names", check=False).stdout
    assert status == "403"


def node_pem(host, directory):
    """A file with that node's own certificate and key."""
    node = json.loads((host.root / "node.json").read_text())
    pem = directory / f"host{host.net.number}.pem"
    pem.write_text(node["certificate"] + node["key"])
    return pem


# The last one: a host is gone afterwards.
def test_a_removed_node_is_refused_by_managers(cluster, busybox_image, tmp_path):
    _, digests = push(cluster, busybox_image, "revoked", tmp_path)
    digest, = (f"sha256:{each}" for each in digests)
    manager, member, gone = cluster.hosts[:3]
    pems = {host: node_pem(host, tmp_path) for host in (manager, member, gone)}

    def status(host, path):
        """What a manager says to whoever has that host's certificate."""
        return member.run(
            "curl", "-sSk", "-m", "60", "--cert", pems[host], "-o", "/dev/null",
            "-w", "%{http_code}", f"https://{manager.address}:7446/ikada/{path}").stdout

    def sources(host):
        return f"sources/{digest}?for={host.address}"

    # As long as it is on record it has what members have.
    for host in (member, gone):
        for path in (f"blobs/{digest}", "names", sources(host)):
            assert status(host, path) == "200", path
    assert status(member, sources(gone)) == "403"
    # What managers ask of each other is for managers.
    assert [status(host, f"kept/{digest}") for host in (manager, member)] == ["200", "403"]

    gone.stop()
    cluster.manager("node", "rm", "--force", f"host{gone.net.number}")

    for path in (f"blobs/{digest}", f"kept/{digest}", "names", sources(gone)):
        assert status(gone, path) == "403", path
    for path in (f"blobs/{digest}", "names", sources(member)):
        assert status(member, path) == "200", path
