"""What a cluster says to be active every host serves; who cannot is named; who is lost is not."""

import itertools
import json
import os
import signal

import boto3
import botocore.config
import botocore.exceptions
import pytest

import ecs_server
from balanced_cluster import BalancedCluster
from balancer_states import (add_rule, await_available, get, haproxy_processes, impairment_of,
                             make_balancer, state_of, taken_port)
from cluster_hosts import wait_until

PORTS = itertools.count(8100)


class States(BalancedCluster):
    """Three managers, and boto3 at each."""

    def __init__(self, directory):
        super().__init__(directory, None, None)
        self.forwarders = {host: ecs_server.Forwarder(host.run_root / "api.sock")
                           for host in self.carriers}

    def at(self, host):
        return boto3.Session("AKIDEXAMPLE", "secret", region_name="us-east-1").client(
            "elbv2", endpoint_url=f"http://127.0.0.1:{self.forwarders[host].port}",
            config=botocore.config.Config(retries={"max_attempts": 1, "mode": "standard"}))

    def state(self, name):
        return state_of(self.at(self.manager), name)

    def serves(self, host, port, text):
        try:
            return get(host.address, port) == text
        except OSError:
            return False

    def close(self):
        for each in self.forwarders.values():
            each.stop()
        super().close()


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    made = States(tmp_path_factory.mktemp("states") / "hosts")
    try:
        yield made
    finally:
        made.close()


@pytest.mark.timeout(120)
def test_every_host_answers_for_a_balancer_that_is_available(states):
    for number, host in enumerate(states.carriers * 2):
        elb, name, port = states.at(host), f"made-{number}", next(PORTS)
        _, listener = make_balancer(elb, name, port, name)
        await_available(elb, name)
        assert [get(each.address, port) for each in states.carriers] == [name] * 3
        add_rule(elb, listener, 7, "/rule", "by rule")
        await_available(elb, name)
        assert [get(each.address, port, "/rule") for each in states.carriers] == ["by rule"] * 3


@pytest.mark.timeout(120)
def test_a_port_that_is_taken_on_one_host_impairs(states):
    port = next(PORTS)
    leader = wait_until(states.cluster.leader, cluster=states.cluster)
    for host in (leader, next(each for each in states.carriers if each is not leader)):
        name = f"taken-{host.net.number}"
        with taken_port(port, "nsenter", "-n", "-t", host.net.pid):
            make_balancer(states.at(states.manager), name, port, name)
            wait_until(lambda: states.state(name)[0] == "active_impaired", 60, states.cluster)
            node, = json.loads(states.manager("node", "inspect", host.status()["node"]).stdout)
            assert states.state(name)[1] == \
                f"{node['name']}, port {port}: port {port} is taken by another program"
            wait_until(lambda: all(states.serves(each, port, name) for each in states.carriers
                                   if each is not host), 60, states.cluster)
        wait_until(lambda: states.state(name) == ("active", None), 60, states.cluster)
        assert [get(each.address, port) for each in states.carriers] == [name] * 3
        port = next(PORTS)


@pytest.mark.timeout(120)
def test_a_haproxy_that_hangs_on_one_host_impairs_until_it_is_replaced(states):
    port = next(PORTS)
    make_balancer(states.at(states.manager), "hanging", port, "hanging")
    await_available(states.at(states.manager), "hanging")
    leader = wait_until(states.cluster.leader, cluster=states.cluster)
    host = next(each for each in states.carriers if each is not leader)
    for pid in haproxy_processes(host.run_root):
        os.kill(pid, signal.SIGSTOP)
    reason = wait_until(lambda: impairment_of(states.at(states.manager), "hanging"), 60,
                        states.cluster)
    node, = json.loads(states.manager("node", "inspect", host.status()["node"]).stdout)
    assert reason == f"{node['name']}: HAProxy has not answered for 3 s"
    wait_until(lambda: states.state("hanging") == ("active", None), 60, states.cluster)
    assert get(host.address, port) == "hanging"


@pytest.mark.timeout(180)
def test_a_new_leader_says_the_same(states):
    port = next(PORTS)
    make_balancer(states.at(states.manager), "kept", port, "kept")
    await_available(states.at(states.manager), "kept")
    leader = wait_until(states.cluster.leader, cluster=states.cluster)
    other = next(each for each in states.carriers if each is not leader)
    leader.stop(9)
    seen = []

    def led_by_another():
        try:
            seen.append(state_of(states.at(other), "kept"))
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            return False
        return states.cluster.leader() not in (None, leader)

    wait_until(led_by_another, 60, states.cluster)
    new = next(PORTS)
    make_balancer(states.at(other), "new", new, "new")
    await_available(states.at(other), "new")
    living = [each for each in states.carriers if each is not leader]
    assert [get(each.address, new) for each in living] == ["new"] * 2
    leader.start()
    states.wait_connected()
    for _ in range(20):
        seen.append(state_of(states.at(other), "kept"))
    assert set(seen) == {("active", None)}
    wait_until(lambda: states.serves(leader, new, "new"), 60, states.cluster)


@pytest.mark.timeout(180)
def test_a_lost_host_is_not_waited_for(states):
    leader = wait_until(states.cluster.leader, cluster=states.cluster)
    lost = next(each for each in states.carriers if each is not leader)
    living = [each for each in states.carriers if each is not lost]
    elb, port = states.at(leader), next(PORTS)
    lost.net.set_link(False)
    make_balancer(elb, "without", port, "without")
    await_available(elb, "without")
    assert [get(each.address, port) for each in living] == ["without"] * 2
    lost.net.set_link(True)
    states.wait_connected()
    wait_until(lambda: states.serves(lost, port, "without"), 60, states.cluster)
