"""Hosts that go by force while their tasks serve behind a balancer: no request is dropped."""

import pytest

import cluster_hosts
from balanced_cluster import BalancedCluster
from cluster_hosts import wait_until

COUNT = 4
RATE = 150


@pytest.fixture(scope="module")
def web(tmp_path_factory, shared_ikada, busybox_image):
    directory = tmp_path_factory.mktemp("leaving")
    archive = directory / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    made = BalancedCluster(directory / "hosts", archive, busybox_image, hosts=4, managers=1)
    try:
        made.serve(COUNT)
        yield made
    finally:
        made.close()


def leave(web, host):
    host("cluster", "leave", "--force")


def remove(web, host):
    web.manager("node", "rm", "--force", f"host{host.net.number}")


def deregister(web, host):
    answer = web.manager.api("DeregisterContainerInstance", force=True,
                             containerInstance=cluster_hosts.instance_of(web.cluster, host))
    assert answer["containerInstance"]["status"] == "DEREGISTERING"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("place, go", [(3, leave), (2, remove), (1, deregister)])
def test_going_by_force_drops_no_request(web, place, go):
    host = web.cluster.hosts[place]
    on_host = web.on(host)
    assert on_host
    with web.load(RATE) as load:
        go(web, host)
        wait_until(lambda: not set(on_host) & {task["taskArn"] for task in web.tasks()}, 120,
                   web.cluster)
        web.wait_healthy(COUNT)
    assert load.failures == []
    assert load.requests > RATE / 2
    # Each was a target until it was drained, and was then asked to stop.
    stopped = cluster_hosts.wait_tasks(web.cluster, on_host, "STOPPED")
    assert all(task["containers"][0].get("exitCode") is not None for task in stopped), stopped
