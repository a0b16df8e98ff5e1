"""Fifteen hosts that pull one image at once: from the cluster's registry, where they give it each
other, and from a registry on the same host that each takes all of it from, unencrypted.

How often the manager's wire carries the image, and how long it takes until a task of it is RUNNING
on each host. All wires are held to a rate, which between namespaces of one machine they have not by
themselves. Each blob that came is hashed afterwards.
"""

import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import time

import cluster_hosts
import images
import own_registry
import private_namespaces

HOSTS = 15
LAYERS = 5
LAYER_BYTES = 12 << 20
RATES_MBIT = (1000, 300)
TIMEOUT_S = 240
CONFIG = pathlib.Path("/etc/ikada")


class PlainRegistry(own_registry.OwnRegistry):
    """Of the manager's host, for all."""

    address = "10.99.0.1:5000"


@contextlib.contextmanager
def configured(text):
    """What /etc/ikada/registries.yaml says, to this process and those it starts."""
    is_new = not CONFIG.exists()
    CONFIG.mkdir(exist_ok=True)
    private_namespaces.mount("none", CONFIG, "tmpfs")
    try:
        (CONFIG / "registries.yaml").write_text(text)
        yield
    finally:
        subprocess.run(["umount", CONFIG], check=True, timeout=30)
        if is_new:
            CONFIG.rmdir()


def make_cluster(scratch):
    agents = [{"limits": "ignore", "run_tasks": False}]
    cluster = cluster_hosts.Cluster(scratch / "pulls", HOSTS + 1, agents=agents)
    try:
        cluster.init()
        for host in cluster.hosts[1:]:
            cluster.join(host)
        cluster_hosts.wait_until(lambda: cluster_hosts.instances(cluster) == HOSTS, TIMEOUT_S)
    except BaseException:
        cluster.close()
        raise
    return cluster


def hold_wires(cluster, rate_mbit):
    """What each host sends."""
    for host in cluster.hosts:
        host.net.run("tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate",
                     f"{rate_mbit}mbit", "burst", "1mb", "latency", "200ms")


def push(manager, base, registry, name, scratch):
    """An image with layers that do not compress, and their digests."""
    context = scratch / name
    context.mkdir()
    for number in range(LAYERS):
        (context / f"big{number}").write_bytes(os.urandom(LAYER_BYTES))
    lines = "".join(f"COPY big{number} /big{number}\n" for number in range(LAYERS))
    (context / "Dockerfile").write_text(f"FROM {base}\n{lines}")
    image = f"{registry}/{name}:1"
    known = {path.name for path in large_blobs(manager)}
    manager("build", "-q", "-t", image, context)
    manager("push", "-q", image)
    return image, {path.name for path in large_blobs(manager)} - known


def large_blobs(host):
    return [path for path in pathlib.Path(host.root, "images/blobs/sha256").glob("*")
            if path.stat().st_size >= LAYER_BYTES]


def check_blobs(cluster, digests):
    for host in cluster.hosts[1:]:
        for digest in digests:
            data = (pathlib.Path(host.root) / "images/blobs/sha256" / digest).read_bytes()
            if images.digest_of(data) != f"sha256:{digest}":
                raise SystemExit(f"bench: {host.address}: the blob {digest} is another")


def pull(cluster, image, digests):
    """(how often the manager sent the image, seconds until the last task is RUNNING)"""
    before = cluster.manager.net.bytes_sent()
    start = time.monotonic()
    arns = []
    for count in (10, HOSTS - 10):  # RunTask starts no more than ten.
        arns += cluster_hosts.run_tasks(cluster, image, count)
    tasks = cluster_hosts.wait_tasks(cluster, arns, "RUNNING", TIMEOUT_S)
    took = time.monotonic() - start
    sent = cluster.manager.net.bytes_sent() - before
    if len({task["containerInstanceArn"] for task in tasks}) != HOSTS:
        raise SystemExit("bench: the tasks are not one a host")
    check_blobs(cluster, digests)
    for arn in arns:
        cluster.manager.api("StopTask", task=arn)
    cluster_hosts.wait_tasks(cluster, arns, "STOPPED")
    return sent / (LAYERS * LAYER_BYTES), took


def measure(cluster, base, scratch, rounds):
    manager = cluster.manager
    registries = {"from each other": "127.0.0.1:7439",
                  "all from there, plain http": PlainRegistry.address}
    for rate_mbit in RATES_MBIT:
        found = {way: [] for way in registries}
        for turn in range(rounds):
            for number, (way, registry) in enumerate(registries.items()):
                name = f"pull{rate_mbit}-{turn}-{number}"
                if number == 0:
                    manager.images_api("CreateRepository", repositoryName=name)
                image, digests = push(manager, base, registry, name, scratch)
                hold_wires(cluster, rate_mbit)
                found[way].append(pull(cluster, image, digests))
        print(f"\n{HOSTS} hosts pull an image of {LAYERS * LAYER_BYTES >> 20} MiB in {LAYERS} "
              f"layers at once, each wire {rate_mbit} Mbit/s (n={rounds})")
        for way, results in found.items():
            copies, seconds = (statistics.median(each) for each in zip(*results))
            print(f"  {way:28}sent by the manager {copies:5.2f} times, all RUNNING after "
                  f"{seconds:5.1f} s", flush=True)


def run(scratch, base, archive, quick):
    with configured(json.dumps({PlainRegistry.address: {"insecure": True}})):
        cluster = make_cluster(scratch)
        registry = PlainRegistry(scratch / "plain", {"insecure": True})
        try:
            registry.start(["nsenter", "-n", "-t", str(cluster.manager.net.pid)])
            cluster.manager("load", "-q", "-i", archive)
            cluster.manager.log_in()
            measure(cluster, base, scratch, 1 if quick else 3)
        finally:
            if registry.process is not None:
                registry.stop()
            cluster.close()
