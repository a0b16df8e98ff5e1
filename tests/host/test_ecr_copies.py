"""The cluster's registry with three managers: what one has acknowledged two have."""

import os
import pathlib

import pytest

import cluster_hosts
from cluster_hosts import wait_until

LAYER_BYTES = 3 << 20
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
    yield cluster
    cluster.close()


def push(host, base, tag, directory):
    context = directory / tag
    context.mkdir()
    (context / "big").write_bytes(os.urandom(LAYER_BYTES))
    (context / "Dockerfile").write_text(f"FROM {base}\nCOPY big /big\n")
    host("build", "-q", "-t", f"{IMAGE}:{tag}", context)
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
    for host in cluster.hosts:
        wait_until(lambda host=host: "authorizationData" in
                   host.images_api("GetAuthorizationToken"), cluster=cluster)
        host.log_in()
    # To one that does not lead, and at once from another.
    push(second, busybox_image, "v1", tmp_path)
    holders = [host for host in cluster.hosts if large_blobs(host)]
    assert second in holders and len(holders) >= 2
    pull(third, "v1")
    wait_until(lambda: all(len(large_blobs(host)) == 1 for host in cluster.hosts),
               timeout_s=40, cluster=cluster)

    push(second, busybox_image, "v2", tmp_path)
    second.net.set_link(False)
    second.stop(9)
    try:
        for host in (first, third):
            pull(host, "v2", timeout=60)
        # Two of three managers take a push, and the third gets it when it is back.
        wait_until(lambda: third.images_api("DescribeRepositories").get("repositories"),
                   cluster=cluster)
        push(third, busybox_image, "v3", tmp_path)
    finally:
        second.net.set_link(True)
        second.start()
    wait_until(lambda: len(large_blobs(second)) == 3, timeout_s=60, cluster=cluster)
    assert large_blobs(first) == large_blobs(third) == large_blobs(second)
