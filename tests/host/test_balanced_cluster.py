"""A service behind a balancer that three managers carry: what is planned drops no request."""

import pytest

from balanced_cluster import BalancedCluster

COUNT = 6
RATE = 200
# Of an answer while everything goes as planned.
SLOWEST_S = 2.0


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
    web.roll_out(COUNT)  # Each host has some of them again.
    host = web.cluster.hosts[2]
    with web.load(RATE) as load:
        detected_s, healthy_s = web.lose(host, COUNT)
    drained_s = web.stop_with_delay(300)
    host.net.set_link(True)

    # At most what each connection had under way.
    assert len(load.failures) <= 16
    assert detected_s < 8 and healthy_s < 15
    # Nobody waits for what the lost host's balancer had to say of a target that is drained.
    assert drained_s < 60
