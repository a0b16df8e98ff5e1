"""The cluster's registry on several hosts: pulled once by many, from each other."""

import os
import pathlib
import time

import pytest

import cluster_hosts
import images
from cluster_hosts import wait_tasks, wait_until

HOSTS = 5  # Besides the manager.
LAYER_BYTES = 24 << 20


@pytest.fixture(scope="module")
def cluster(no_leaks, tmp_path_factory, shared_ikada, busybox_image):
    directory = tmp_path_factory.mktemp("registry-hosts")
    archive = directory / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    agents = [{"limits": "ignore", "run_tasks": False}]
    cluster = cluster_hosts.Cluster(directory / "hosts", HOSTS + 1, agents=agents)
    cluster.init()
    for host in cluster.hosts[1:]:
        cluster.join(host)
    wait_until(lambda: cluster_hosts.instances(cluster) == HOSTS, cluster=cluster)
    cluster.manager("load", "-q", "-i", archive)
    cluster.manager.log_in()
    yield cluster
    cluster.close()


def push(cluster, base, name, directory):
    """An image with one large layer that does not compress, as NAME in the registry."""
    cluster.manager.images_api("CreateRepository", repositoryName=name)
    context = directory / name
    context.mkdir()
    (context / "big").write_bytes(os.urandom(LAYER_BYTES))
    (context / "Dockerfile").write_text(f"FROM {base}\nCOPY big /big\n")
    image = f"127.0.0.1:7439/{name}:1"
    cluster.manager("build", "-q", "-t", image, context)
    cluster.manager("push", "-q", image)
    return image


def sent_bytes(host):
    """What its interfaces have sent."""
    lines = host.run("cat", "/proc/net/dev").stdout.splitlines()[2:]
    return sum(int(line.split(":")[1].split()[8]) for line in lines if "lo:" not in line)


def run_everywhere(cluster, image, count=HOSTS):
    arns = cluster_hosts.run_tasks(cluster, image, count)
    tasks = wait_tasks(cluster, arns, "RUNNING", timeout_s=60)
    return arns, {task["containerInstanceArn"] for task in tasks}


def stop(cluster, arns):
    for arn in arns:
        cluster.manager.api("StopTask", task=arn)
    wait_tasks(cluster, arns, "STOPPED")


def test_many_hosts_load_the_registry_once(cluster, busybox_image, tmp_path):
    image = push(cluster, busybox_image, "once", tmp_path)
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
    image = push(cluster, busybox_image, "liars", tmp_path)
    known = {path.name for host in cluster.hosts[1:] for path in large_blobs(host)}
    # Two hosts have it: the layer of the one is spoilt, the other dies.
    arns, _ = run_everywhere(cluster, image, 2)
    having = {host: path for host in cluster.hosts[1:] for path in large_blobs(host)
              if path.name not in known}
    assert len(having) == 2
    liar, dead = having
    spoil(having[liar])
    dead.stop(9)
    try:
        # To the hosts that have no task yet: they are sent to those two.
        more, hosts = run_everywhere(cluster, image, 3)
    finally:
        dead.start()
    right = 0
    for host in cluster.hosts[1:]:
        for blob in large_blobs(host):
            if host is not liar:
                assert images.digest_of(blob.read_bytes()) == f"sha256:{blob.name}"
                right += blob.name not in known
    assert len(hosts) == 3 and right >= 3
    stop(cluster, arns + more)


def large_blobs(host):
    """The files of its store that have a large layer."""
    return [path for path in pathlib.Path(host.root, "images/blobs/sha256").glob("*")
            if path.stat().st_size > LAYER_BYTES]


def spoil(path):
    with open(path, "r+b") as file:
        file.seek(LAYER_BYTES // 2)
        file.write(b"lies")


def test_strangers_get_no_blobs(cluster):
    status = cluster.manager.run(
        "curl", "-sSk", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}",
        f"https://{cluster.hosts[1].address}:7446/ikada/names", check=False).stdout
    assert status == "403"
