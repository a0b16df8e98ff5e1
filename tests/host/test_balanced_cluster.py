"""A service behind a balancer that three managers carry: what is planned drops no request."""

import signal
import time
import urllib.request

import pytest

from balanced_cluster import BalancedCluster
from cluster_hosts import wait_until

COUNT = 6
RATE = 200
# Of an answer while everything goes as planned.
SLOWEST_S = 8.0


@pytest.fixture(scope="module")
def web(tmp_path_factory, shared_ikada, busybox_image):
    directory = tmp_path_factory.mktemp("balanced-cluster")
    archive = directory / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    made = BalancedCluster(directory / "hosts", archive, busybox_image)
    try:
        made.serve(COUNT)
        yield made
    finally:
        made.close()


def check(load):
    assert load.failures == []
    assert load.requests > RATE / 2
    assert load.slowest < SLOWEST_S


@pytest.mark.timeout(180)
def test_a_rollout_drops_no_request(web):
    with web.load(RATE) as load:
        web.roll_out(COUNT)
    check(load)


@pytest.mark.timeout(120)
def test_requests_at_every_manager_are_counted(web):
    before = -1
    while before != (now := web.counted(web.manager)):  # Those of the test before are on the way.
        before = now
        time.sleep(4)
    for host in web.cluster.hosts:
        for _ in range(10):
            urllib.request.urlopen(f"http://{host.address}/", timeout=30).close()
    # Any manager is asked, the leading one answers.
    for host in web.cluster.hosts:
        wait_until(lambda host=host: web.counted(host) == before + 30, 60, web.cluster)
    leader = web.kill_leader()
    for host in web.cluster.hosts:
        # What the old leader itself had counted went with it.
        wait_until(lambda host=host: web.counted(host) >= 20, 60, web.cluster)
    assert leader is not None


@pytest.mark.timeout(180)
def test_scaling_in_and_out_drops_no_request(web):
    with web.load(RATE) as load:
        web.scale(2)
        web.scale(COUNT)
    check(load)


@pytest.mark.timeout(180)
def test_draining_a_host_drops_no_request(web):
    host = web.cluster.hosts[1]
    with web.load(RATE) as load:
        web.drain(host, COUNT)
    check(load)


@pytest.mark.timeout(240)
def test_a_new_ikadad_on_every_host_in_turn_drops_no_request(web):
    with web.load(RATE) as load:
        for host in web.cluster.hosts:
            web.upgrade(host)
        web.wait_healthy(COUNT)
    check(load)


@pytest.mark.timeout(180)
def test_a_leader_that_is_killed_drops_no_request(web):
    with web.load(RATE) as load:
        assert web.kill_leader() is not None
        web.wait_healthy(COUNT)
    check(load)


@pytest.mark.timeout(240)
def test_only_what_is_under_way_to_a_lost_host_fails(web):
    host = web.cluster.hosts[2]
    web.roll_out_to(host, COUNT)
    with web.load(RATE) as load:
        detected_s, healthy_s = web.lose(host, COUNT)
    drained_s = web.stop_with_delay(300)
    host.net.set_link(True)

    # At most what each connection had under way.
    assert len(load.failures) <= 16
    assert detected_s < 25 and healthy_s < 45
    # Nobody waits for what the lost host's balancer had to say of a target that is drained.
    assert drained_s < 60


@pytest.mark.timeout(240)
def test_a_host_that_goes_together_with_the_leader_is_lost_as_soon(web):
    # Who leads next has never seen the host.
    while (leader := wait_until(web.cluster.leader, cluster=web.cluster)) is web.manager:
        web.kill_leader()
    host = next(each for each in web.cluster.hosts[1:] if each is not leader)
    web.wait_healthy(COUNT)
    web.roll_out_to(host, COUNT)

    def restart():
        leader.stop(signal.SIGKILL)
        leader.start()

    detected_s, healthy_s = web.lose(host, COUNT, restart)
    host.net.set_link(True)
    web.wait_connected()
    assert detected_s < 40 and healthy_s < 60


@pytest.mark.timeout(180)
def test_a_manager_that_leaves_by_force_drops_no_request(web):
    host = web.cluster.hosts[1]
    web.wait_healthy(COUNT)
    web.set_delay(3)
    on_host = web.on(host)
    with web.load(RATE) as load:
        host("cluster", "leave", "--force")
        wait_until(lambda: not set(on_host) & {task["taskArn"] for task in web.tasks()}, 120,
                   web.cluster)
        web.wait_healthy(COUNT)
    check(load)
