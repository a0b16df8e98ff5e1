"""Addresses of load balancers: each on one living host, and on another soon after its death."""

import functools
import json
import signal
import socket
import threading
import time

import pytest

from cluster_hosts import wait_until
from network_balancers import Echo, NetworkCluster, http_get, say

POOL = ["10.99.1.1", "10.99.1.2"]
CLIENT = "10.99.0.50"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, shared_ikada, busybox_image):
    directory = tmp_path_factory.mktemp("balancer-addresses")
    archive = directory / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    made = NetworkCluster(directory / "hosts", archive, 3, 3,
                          {"balancer_addresses": [f"{POOL[0]}-{POOL[1]}"]})
    made.echoes = [Echo(host, 9000) for host in made.hosts]
    yield made
    for each in made.echoes:
        each.close()
    made.close()


@pytest.fixture(scope="module")
def addresses(cluster, busybox_image):
    """Of a network and an application load balancer, both with a listener at port 80."""
    group = cluster.group("echo", "TCP", 9000)
    net = cluster.balance("net", group, 80)
    cluster.elb("RegisterTargets", TargetGroupArn=group,
                Targets=[{"Id": instance} for instance in cluster.instances()])
    pages = cluster.elb("CreateTargetGroup", Name="web", Protocol="HTTP", Port=80,
                        VpcId="vpc-1")["TargetGroups"][0]["TargetGroupArn"]
    web = cluster.balance("web", pages, 80, "HTTP", "application")
    cluster.wait_healthy(group, ["healthy"] * 3)
    return [made["AvailabilityZones"][0]["LoadBalancerAddresses"][0]["IpAddress"]
            for made in (net, web)]


def on_hosts(cluster, address):
    """The hosts that have the address on an interface."""
    return [host for host in cluster.hosts
            if address in host.run("ip", "-4", "address", "show", "dev", "eth0").stdout]


def mac_known(cluster, address):
    """What the client's ARP cache says."""
    told = json.loads(cluster.client.run_text("ip", "-j", "neigh", "show", address) or "[]")
    return told[0].get("lladdr") if told else None


def mac_of(host):
    return json.loads(host.run("ip", "-j", "link", "show", "eth0").stdout)[0]["address"]


def node_name(cluster, host):
    return next(node["id"] for node in cluster.inspect() if node["address"] == host.address)


def try_once(address, timeout_s=20):
    with socket.create_connection((address, 80), timeout_s) as made:
        return say(made)


def answers(cluster, address):
    try:
        return cluster.client.inside(http_get, address, 80, "/")[0].startswith("<html>")
    except OSError:
        return False


class Asker:
    """A client that asks again and again, each time on a connection of its own."""

    def __init__(self, cluster, ask):
        self.failures = []
        self.asked = 0
        self.is_over = False
        self.thread = threading.Thread(target=cluster.client.inside, args=(self._work, ask))
        self.thread.start()

    def _work(self, ask):
        while not self.is_over:
            try:
                if not ask():
                    self.failures.append("no answer")
            except OSError as error:
                self.failures.append(error)
            self.asked += 1

    def finish(self):
        self.is_over = True
        self.thread.join()


def outage(cluster, address, until):
    """Seconds from the first failure to the first success after it, while `until` is not true."""
    failed_at = None
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        started = time.monotonic()
        try:
            assert cluster.client.inside(try_once, address, 0.25).startswith(CLIENT)
            if failed_at is not None:
                return time.monotonic() - failed_at
            if until():
                return 0.0
        except (TimeoutError, ConnectionError, OSError):
            failed_at = failed_at or started
        time.sleep(0.02)
    raise AssertionError("the address did not come back")


@pytest.mark.timeout(120)
def test_each_balancer_has_an_address_and_both_may_have_one_port(cluster, addresses):
    assert sorted(addresses) == POOL
    for address in addresses:
        wait_until(lambda address=address: len(on_hosts(cluster, address)) == 1, cluster=cluster)
    assert cluster.client.inside(try_once, addresses[0]).startswith(CLIENT)
    # That of an application load balancer without targets answers, too.
    wait_until(lambda: answers(cluster, addresses[1]), cluster=cluster)


@pytest.mark.timeout(120)
def test_the_daemons_crash_leaves_the_address_where_it_is(cluster, addresses):
    holder, = on_hosts(cluster, addresses[0])
    holder.stop(signal.SIGKILL)
    assert on_hosts(cluster, addresses[0]) == [holder]
    assert cluster.client.inside(try_once, addresses[0]).startswith(CLIENT)
    holder.start()
    wait_until(lambda: "HAProxy runs already" in holder.log.read_text(), cluster=cluster)
    time.sleep(1)
    assert on_hosts(cluster, addresses[0]) == [holder]
    assert "address released" not in holder.log.read_text()
    cluster.wait_connected()


@pytest.mark.timeout(120)
def test_a_daemon_that_hangs_keeps_no_address(cluster, addresses):
    holder, = on_hosts(cluster, addresses[0])
    was_moved = False
    holder.process.send_signal(signal.SIGSTOP)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not was_moved:
            have = on_hosts(cluster, addresses[0])
            assert len(have) <= 1
            was_moved = have not in ([], [holder])
    finally:
        holder.process.send_signal(signal.SIGCONT)
    assert was_moved
    assert f"ikadad hangs: address {addresses[0]} released" in holder.log.read_text()
    # It knows when it goes on that it does not know.
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        assert on_hosts(cluster, addresses[0]) == have
    cluster.wait_connected()


@pytest.mark.timeout(120)
def test_the_address_of_a_lost_host_is_soon_on_another(cluster, addresses, capsys):
    # Calls of the API go to the first host: give it what is not looked at.
    cluster.manager("node", "drain", node_name(cluster, cluster.manager))
    wait_until(lambda: cluster.manager not in on_hosts(cluster, addresses[0]) and
               len(on_hosts(cluster, addresses[0])) == 1, cluster=cluster)
    cluster.manager("node", "activate", node_name(cluster, cluster.manager))
    holder, = on_hosts(cluster, addresses[0])
    cluster.client.inside(try_once, addresses[0])
    assert mac_known(cluster, addresses[0]) == mac_of(holder)
    old_mac = mac_of(holder)

    holder.net.set_link(False)
    took = outage(cluster, addresses[0], lambda: False)

    others = [host for host in on_hosts(cluster, addresses[0]) if host is not holder]
    assert len(others) == 1
    assert mac_known(cluster, addresses[0]) == mac_of(others[0]) != old_mac
    # Detection takes two to three seconds, and more where the lost one has led.
    assert took < 30
    # The lost one has found out by itself, and does not answer for it when it is back.
    taken = time.monotonic()
    wait_until(lambda: holder not in on_hosts(cluster, addresses[0]), cluster=cluster)
    released = time.monotonic() - taken
    with capsys.disabled():
        print(f" [{took:.1f} s without the address, released {released:.1f} s later]", end="")
    holder.net.set_link(True)
    time.sleep(1)
    assert on_hosts(cluster, addresses[0]) == others, "\n".join(
        host.log.read_text()[-3000:] for host in cluster.hosts)


@pytest.mark.timeout(120)
def test_a_host_that_drains_gives_the_address_back(cluster, addresses):
    cluster.wait_connected()
    holder, = on_hosts(cluster, addresses[0])
    name = node_name(cluster, holder)
    cluster.manager("node", "drain", name)
    took = outage(cluster, addresses[0],
                  lambda: len(on_hosts(cluster, addresses[0])) == 1 and
                  on_hosts(cluster, addresses[0]) != [holder])
    cluster.manager("node", "activate", name)
    assert took < 4
    assert on_hosts(cluster, addresses[0]) != [holder]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [0, 1], ids=["network", "application"])
def test_a_drain_fails_no_request_but_what_is_under_way(cluster, addresses, number):
    cluster.wait_connected()
    address = addresses[number]
    wait_until(lambda: len(on_hosts(cluster, address)) == 1, cluster=cluster)
    holder, = on_hosts(cluster, address)
    instance = cluster.instances()[cluster.hosts.index(holder)]
    set_to = functools.partial(cluster.manager.api, "UpdateContainerInstancesState",
                               containerInstances=[instance])

    def ask():
        if number == 0:
            return try_once(address, 60)
        return http_get(address, 80, "/", 60)[0]

    askers = [Asker(cluster, ask) for _ in range(3)]
    try:
        set_to(status="DRAINING")
        wait_until(lambda: len(on_hosts(cluster, address)) == 1 and
                   on_hosts(cluster, address) != [holder], cluster=cluster)
        for each in askers:
            before = each.asked
            wait_until(lambda each=each, before=before: each.asked > before + 5, cluster=cluster)
    finally:
        for each in askers:
            each.finish()
        set_to(status="ACTIVE")
    # What the holder before has under way may fail: one request of each asker.
    assert all(len(each.failures) <= 1 for each in askers), [each.failures for each in askers]
