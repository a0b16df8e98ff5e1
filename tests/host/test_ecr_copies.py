"""The cluster's registry with three managers: what one has acknowledged two have."""

import json
import os
import pathlib
import signal
import threading
import time

import pytest

import cluster_hosts
import images
from cluster_hosts import wait_until

LAYER_BYTES = 3 << 20
LONG_BYTES = 48 << 20
SLOW_MBIT = 60  # Of the wire that those come over.
IMAGE = "127.0.0.1:7439/web"


@pytest.fixture(scope="module")
def cluster(no_leaks, tmp_path_factory, shared_ikada, busybox_image):
    directory = tmp_path_factory.mktemp("registry-managers")
    archive = directory / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    cluster = cluster_hosts.Cluster(directory / "hosts", 3, archive)
    cluster.init()
    cluster.lead_with(3)
    cluster.manager.images_api("CreateRepository", repositoryName="web")
    for host in cluster.hosts:
        wait_until(lambda host=host: "authorizationData" in
                   host.images_api("GetAuthorizationToken"), cluster=cluster)
        host.log_in()
    yield cluster
    cluster.close()


def build(host, base, tag, directory, size=LAYER_BYTES):
    context = directory / tag
    context.mkdir()
    (context / "big").write_bytes(os.urandom(size))
    (context / "Dockerfile").write_text(f"FROM {base}\nCOPY big /big\n")
    host("build", "-q", "-t", f"{IMAGE}:{tag}", context)


def push(host, base, tag, directory):
    build(host, base, tag, directory)
    host("push", "-q", f"{IMAGE}:{tag}")


def large_blobs(host):
    """The names of the large layers in its registry."""
    blobs = pathlib.Path(host.root, "cluster/registry/blobs/sha256").glob("*")
    return {path.name for path in blobs if path.stat().st_size > LAYER_BYTES}


def pull(host, tag, **options):
    host("rmi", "-f", f"{IMAGE}:{tag}", check=False)
    return host("pull", "-q", f"{IMAGE}:{tag}", **options)


@pytest.mark.timeout(240)
def test_a_push_outlives_the_manager_that_took_it(cluster, busybox_image, tmp_path):
    first, second, third = cluster.hosts
    # To one that does not lead, and at once from another.
    push(second, busybox_image, "v1", tmp_path)
    holders = [host for host in cluster.hosts if large_blobs(host)]
    assert second in holders and len(holders) >= 2
    pull(third, "v1")
    wait_until(lambda: all(len(large_blobs(host)) == 1 for host in cluster.hosts),
               cluster=cluster)

    push(second, busybox_image, "v2", tmp_path)
    second.net.set_link(False)
    second.stop(9)
    try:
        for host in (first, third):
            pull(host, "v2", timeout=150)
        # Two of three managers take a push, and the third gets it when it is back.
        wait_until(lambda: third.images_api("DescribeRepositories").get("repositories"),
                   cluster=cluster)
        push(third, busybox_image, "v3", tmp_path)
    finally:
        second.net.set_link(True)
        second.start()
    wait_until(lambda: len(large_blobs(second)) == 3, timeout_s=120, cluster=cluster)
    assert large_blobs(first) == large_blobs(third) == large_blobs(second)


@pytest.fixture
def slow(cluster):
    """What the first host sends is held to a rate until the value is called."""
    first = cluster.manager
    made = first.run("tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate",
                     f"{SLOW_MBIT}mbit", "burst", "64kb", "latency", "100ms", check=False)
    if made.returncode != 0:
        pytest.skip(f"no wire can be held to a rate here: {made.stderr}")

    def release():
        first.run("tc", "qdisc", "delete", "dev", "eth0", "root", check=False)

    yield release
    release()


def copying(cluster):
    """Which of the others is in the middle of a copy."""
    for host in cluster.hosts[1:]:
        for path in pathlib.Path(host.root, "cluster/registry/staging").glob("*"):
            try:
                if path.stat().st_size > LONG_BYTES // 12:
                    return host
            except FileNotFoundError:
                pass
    return None


@pytest.mark.timeout(240)
@pytest.mark.parametrize("how", ["link", "stop"])
def test_a_push_outlives_a_manager_that_copies_it(cluster, how, slow, busybox_image, tmp_path):
    first = cluster.manager
    before = large_blobs(first)
    build(first, busybox_image, how, tmp_path, LONG_BYTES)
    ended = []
    pusher = threading.Thread(target=lambda: ended.append(
        first("push", "-q", f"{IMAGE}:{how}", check=False, timeout=150)))
    pusher.start()
    victim = wait_until(lambda: copying(cluster), 60, cluster)
    other, = (host for host in cluster.hosts[1:] if host is not victim)

    if how == "link":
        victim.net.set_link(False)
    else:
        victim.process.send_signal(signal.SIGSTOP)
    died = time.monotonic()
    slow()
    try:
        pusher.join(timeout=150)
        took_s = time.monotonic() - died
        print(f"{how}: the push ended {took_s:.1f} s after the copier had gone")
        assert ended and ended[0].returncode == 0, ended
        assert large_blobs(other) >= large_blobs(first) - before
        assert took_s < 100
    finally:
        if how == "link":
            victim.net.set_link(True)
        else:
            victim.process.send_signal(signal.SIGCONT)
        pusher.join()
    # It gets what it has missed.
    wait_until(lambda: large_blobs(victim) == large_blobs(first), timeout_s=120, cluster=cluster)


def blob(host, name):
    return pathlib.Path(host.root, "cluster/registry/blobs/sha256", name)


def spoil(host, name):
    with open(blob(host, name), "r+b") as file:
        file.seek(os.path.getsize(blob(host, name)) // 2)
        file.write(b"lies lies lies")
    assert not is_whole(host, name)


def is_whole(host, name):
    return (blob(host, name).exists() and
            images.digest_of(blob(host, name).read_bytes()) == f"sha256:{name}")


def parts_of(host, tag):
    """The digests of an image on record: its manifest's, its config's and its last layer's."""
    told = host.images_api("BatchGetImage", repositoryName="web", imageIds=[{"imageTag": tag}])
    manifest = json.loads(told["images"][0]["imageManifest"])
    return [digest.removeprefix("sha256:") for digest in (
        told["images"][0]["imageId"]["imageDigest"], manifest["config"]["digest"],
        manifest["layers"][-1]["digest"])]


def run_on(cluster, host, tag):
    """Runs the image as a task of that host; seconds until it does."""
    cluster_hosts.define_sleeper(cluster, f"{IMAGE}:{tag}")
    began = time.monotonic()
    started = cluster.manager.api("StartTask", taskDefinition="sleeper", containerInstances=[
        cluster_hosts.instance_of(cluster, host)])
    tasks = [task["taskArn"] for task in started["tasks"]]
    cluster_hosts.wait_tasks(cluster, tasks, "RUNNING")
    took_s = time.monotonic() - began
    cluster.manager.api("StopTask", task=tasks[0])
    return took_s


@pytest.mark.timeout(240)
def test_what_is_spoilt_on_a_managers_disk_is_mended(cluster, busybox_image, tmp_path):
    first, second, third = cluster.hosts
    push(third, busybox_image, "spoilt", tmp_path)
    parts = parts_of(third, "spoilt")
    wait_until(lambda: all(is_whole(host, part) for host in cluster.hosts for part in parts),
               cluster=cluster)

    # Seen by agents: manifest, config and layer, of which one is left.
    for part in parts:
        spoil(first, part)
    spoil(second, parts[-1])
    for host in (first, second):
        print(f"spoilt images: a task runs after {run_on(cluster, host, 'spoilt'):.1f} s")
        assert all(is_whole(host, part) for part in parts)

    # Seen when it is pushed once more: a client that is told that it is there sends nothing.
    spoil(third, parts[-1])
    third("tag", f"{IMAGE}:spoilt", f"{IMAGE}:again")
    third("push", "-q", f"{IMAGE}:again")
    assert is_whole(third, parts[-1])
