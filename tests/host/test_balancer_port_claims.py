"""A listener of a network load balancer at a port that a program on the host has."""

import contextlib
import json
import socket
import threading

import pytest

from balancer_states import taken_port
from cluster_hosts import wait_until
from network_balancers import Echo, NetworkCluster, say, udp_ask


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, shared_ikada, busybox_image):
    directory = tmp_path_factory.mktemp("port-claims")
    archive = directory / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    made = NetworkCluster(directory / "hosts", archive, 1, 1)
    echo = Echo(made.manager, 9000)
    wait_until(lambda: "instance" in node(made), cluster=made)
    yield made
    echo.close()
    made.close()


def node(cluster):
    return json.loads(cluster.manager(
        "node", "inspect", cluster.manager.status()["node"]).stdout)[0]


def state(cluster, name):
    told = cluster.elb("DescribeLoadBalancers", Names=[name])["LoadBalancers"][0]["State"]
    return told["Code"], told.get("Reason", "")


def balance(cluster, name, port, protocol):
    group = cluster.group(name, protocol, 9000)
    cluster.elb("RegisterTargets", TargetGroupArn=group, Targets=[{"Id": cluster.instances()[0]}])
    cluster.balance(name, group, port, protocol)


def connects(cluster, port):
    try:
        with cluster.client.inside(
                socket.create_connection, (cluster.manager.address, port), 5) as made:
            made.settimeout(1)
            return say(made)
    except OSError:
        return None


@pytest.mark.timeout(60)
def test_a_program_that_listens_keeps_its_clients(cluster):
    with taken_port(9301, "nsenter", "-n", "-t", cluster.manager.net.pid):
        balance(cluster, "tcp", 9301, "TCP")
        wait_until(lambda: state(cluster, "tcp")[0] == "active_impaired", cluster=cluster)
        assert state(cluster, "tcp")[1].endswith(
            ", port 9301: port 9301 is taken by another program")
        assert connects(cluster, 9301) is None  # It says nothing.
    wait_until(lambda: connects(cluster, 9301) == "10.99.0.50 echo1", cluster=cluster)
    wait_until(lambda: state(cluster, "tcp")[0] == "active", cluster=cluster)


@pytest.mark.timeout(60)
def test_a_program_that_waits_for_datagrams_keeps_them(cluster):
    program = cluster.manager.net.inside(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
    program.bind(("0.0.0.0", 9302))
    program.settimeout(0.1)
    is_over = threading.Event()

    def answer():
        with program:
            while not is_over.is_set():
                with contextlib.suppress(TimeoutError):
                    program.sendto(b"mine", program.recvfrom(100)[1])

    answerer = threading.Thread(target=answer)
    answerer.start()
    balance(cluster, "udp", 9302, "UDP")
    wait_until(lambda: state(cluster, "udp")[0] == "active_impaired", cluster=cluster)
    assert state(cluster, "udp")[1].endswith(
        ", port 9302: port 9302 of UDP is taken by another program")
    for _ in range(5):
        assert cluster.client.inside(udp_ask, cluster.manager.address, 9302)[1] == "mine"

    is_over.set()
    answerer.join()
    wait_until(lambda: cluster.client.inside(udp_ask, cluster.manager.address, 9302) ==
               (cluster.manager.address, "10.99.0.50 echo1"), cluster=cluster)
    wait_until(lambda: state(cluster, "udp")[0] == "active", cluster=cluster)
