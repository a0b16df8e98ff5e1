"""Network load balancers: the kernel passes connections on, and targets see who the client is."""

import functools
import signal
import socket
import threading
import time

import pytest

from cluster_hosts import wait_tasks, wait_until
from network_balancers import Echo, NetworkCluster, http_get, say, udp_ask
from task_network import in_namespace

CLIENT = "10.99.0.50"
MANY = 24


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, shared_ikada, busybox_image):
    directory = tmp_path_factory.mktemp("network-balancers")
    archive = directory / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    # The second host carries nothing: whatever reaches its targets came through the first.
    made = NetworkCluster(directory / "hosts", archive, 2, 1)
    yield made
    made.close()


@pytest.fixture(scope="module")
def echoes(cluster):
    """One on each host, at port 9000."""
    made = [Echo(host, 9000) for host in cluster.hosts]
    yield made
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def echo_group(cluster, echoes):
    group = cluster.group("echo", "TCP_UDP", 9000)
    cluster.balance("echo", group, 9001, "TCP_UDP")
    cluster.elb("RegisterTargets", TargetGroupArn=group,
                Targets=[{"Id": instance} for instance in cluster.instances()])
    cluster.wait_healthy(group, ["healthy"] * 2)
    return group


def table(cluster):
    return cluster.manager.run("nft", "list", "table", "ip", "ikada_balancers", check=False).stdout


def connect(cluster, port):
    return cluster.client.inside(socket.create_connection, (cluster.manager.address, port), 30)


@pytest.mark.timeout(90)
def test_tasks_behind_published_ports_see_the_client_whatever_host_they_are_on(
        cluster, busybox_image):
    group = cluster.group("web")
    cluster.balance("web", group, 80)
    cluster.service("web", busybox_image, group, 4)
    cluster.wait_healthy(group, ["healthy"] * 4)

    seen = cluster.ask(cluster.manager.address, 80, MANY)

    assert {client for client, _ in seen} == {CLIENT}
    assert len({name for _, name in seen}) == 4
    # The host's own clients are served, too: 127.0.0.1 as much as its address.
    for address in ("127.0.0.1", cluster.manager.address):
        assert cluster.manager.net.inside(http_get, address, 80, "/cgi-bin/who")[1]
    # And so are those on a host that has targets itself, wherever the target is.
    for _ in range(8):
        assert cluster.hosts[1].net.inside(
            http_get, cluster.manager.address, 80, "/cgi-bin/who")[1]


@pytest.mark.timeout(90)
def test_a_task_is_drained_before_it_is_stopped(cluster, busybox_image):
    """Uses the service of the test before."""
    answers = []

    def ask():
        answers.append(cluster.client.inside(
            http_get, cluster.manager.address, 80, "/cgi-bin/slow", 60))

    askers = [threading.Thread(target=ask) for _ in range(8)]
    for each in askers:
        each.start()
    time.sleep(0.5)
    started = time.monotonic()
    cluster.manager.api("UpdateService", service="web", desiredCount=1)
    for each in askers:
        each.join()
    wait_until(lambda: len(cluster.manager.api(
        "ListTasks", serviceName="web")["taskArns"]) == 1, 60, cluster)

    assert [client for client, _ in answers] == [CLIENT] * 8
    # By the end of their requests, not by that of the delay, which is a minute.
    assert time.monotonic() - started < 50


@pytest.mark.timeout(90)
def test_tasks_with_addresses_of_their_own_see_the_client(cluster, busybox_image):
    group = cluster.group("vpc", TargetType="ip")
    cluster.balance("vpc", group, 81)
    cluster.service("vpc", busybox_image, group, 2, networkMode="awsvpc")
    cluster.wait_healthy(group, ["healthy"] * 2)

    seen = cluster.ask(cluster.manager.address, 81, MANY)

    assert {client for client, _ in seen} == {CLIENT}
    assert len({name for _, name in seen}) == 2


@pytest.mark.timeout(60)
def test_udp_and_tcp_reach_programs_on_hosts(cluster, echo_group):
    answers = {cluster.client.inside(udp_ask, cluster.manager.address, 9001) for _ in range(MANY)}
    assert answers == {(cluster.manager.address, f"{CLIENT} echo1"),
                       (cluster.manager.address, f"{CLIENT} echo2")}

    told = set()
    for _ in range(MANY):
        with connect(cluster, 9001) as made:
            told.add(say(made))
    assert told == {f"{CLIENT} echo1", f"{CLIENT} echo2"}


def tcp_ask(address, port):
    with socket.create_connection((address, port), 20) as made:
        return made.getpeername()[0], say(made)


@pytest.mark.timeout(90)
@pytest.mark.parametrize("network", ["tasks", "bridge"])
def test_programs_answer_containers_on_their_own_host(cluster, echoes, busybox_image, network):
    """Who have no address of the host's on their network: answers would have another one."""
    group = cluster.group(f"own-{network}", "TCP_UDP", 9000)
    port = {"tasks": 9004, "bridge": 9005}[network]
    cluster.balance(f"own-{network}", group, port, "TCP_UDP")
    cluster.elb("RegisterTargets", TargetGroupArn=group, Targets=[{"Id": cluster.instances()[0]}])
    cluster.wait_healthy(group, ["healthy"])
    container = start_on_manager(cluster, busybox_image, network)
    try:
        pid = int(cluster.manager("inspect", "-f", "{{.State.Pid}}", container).stdout)
        ask = functools.partial(in_namespace, pid)
        for each in (tcp_ask, udp_ask, udp_ask):
            sender, told = ask(each, cluster.manager.address, port)
            assert sender == cluster.manager.address and told.endswith(" echo1")
    finally:
        cluster.manager("rm", "-f", container)
    # Whoever comes from elsewhere is seen.
    for each in (tcp_ask, udp_ask):
        assert cluster.client.inside(each, cluster.manager.address, port) == (
            cluster.manager.address, f"{CLIENT} echo1")


def start_on_manager(cluster, image, network):
    if network == "bridge":
        return cluster.manager("run", "-d", image, "sleep", "1000").stdout.strip()
    cluster.manager.api("RegisterTaskDefinition", family="asker", networkMode="awsvpc",
                        containerDefinitions=[{"name": "asker", "image": image, "memory": 16,
                                               "command": ["sleep", "1000"]}])
    made = cluster.manager.api(
        "StartTask", taskDefinition="asker", containerInstances=[cluster.instances()[0]],
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}})
    arns = [each["taskArn"] for each in made["tasks"]]
    task, = wait_tasks(cluster, arns, "RUNNING")
    return task["containers"][0]["runtimeId"]


@pytest.mark.timeout(60)
def test_a_deregistered_target_keeps_its_connections_and_gets_no_new_ones(cluster, echo_group):
    kept = {}
    while len(kept) < 2:
        made = connect(cluster, 9001)
        kept.setdefault(say(made).split()[1], made)
    going = {"Id": cluster.instances()[1], "Port": 9000}
    cluster.elb("DeregisterTargets", TargetGroupArn=echo_group, Targets=[going])
    wait_until(lambda: cluster.health(echo_group) == ["draining", "healthy"], cluster=cluster)
    wait_until(lambda: "tcp dport 9001 goto" in table(cluster), cluster=cluster)

    told = set()
    for _ in range(MANY):
        with connect(cluster, 9001) as made:
            told.add(say(made))

    assert told == {f"{CLIENT} echo1"}
    assert say(kept["echo2"]) == f"{CLIENT} echo2"
    cluster.elb("RegisterTargets", TargetGroupArn=echo_group, Targets=[going])
    cluster.wait_healthy(echo_group, ["healthy"] * 2)
    assert say(kept["echo2"]) == f"{CLIENT} echo2"
    for each in kept.values():
        each.close()


@pytest.mark.timeout(60)
def test_where_no_target_is_healthy_all_are_tried(cluster, echoes):
    group = cluster.group("open", "TCP", 9000, HealthCheckPort="9")
    cluster.balance("open", group, 9002)
    cluster.elb("RegisterTargets", TargetGroupArn=group,
                Targets=[{"Id": instance} for instance in cluster.instances()])
    cluster.wait_healthy(group, ["unhealthy"] * 2)

    told = set()
    for _ in range(MANY):
        with connect(cluster, 9002) as made:
            told.add(say(made))

    assert told == {f"{CLIENT} echo1", f"{CLIENT} echo2"}


@pytest.mark.timeout(60)
def test_connections_to_a_target_that_fails_end_and_the_others_get_its_share(
        cluster, echoes, echo_group):
    kept = {}
    while len(kept) < 2:
        made = connect(cluster, 9001)
        kept.setdefault(say(made).split()[1], made)
    # Its checks fail; it would go on with the connections that it has.
    echoes[1].tcp.shutdown(socket.SHUT_RDWR)
    echoes[1].tcp.close()
    wait_until(lambda: cluster.health(echo_group) == ["healthy", "unhealthy"], cluster=cluster)

    with pytest.raises((ConnectionError, TimeoutError)):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            say(kept["echo2"])
            time.sleep(0.1)
    assert say(kept["echo1"]) == f"{CLIENT} echo1"
    with connect(cluster, 9001) as made:
        assert say(made) == f"{CLIENT} echo1"


@pytest.mark.timeout(60)
def test_clients_are_hidden_where_the_group_says_so(cluster, echoes):
    group = cluster.group("hidden", "TCP", 9000, {"preserve_client_ip.enabled": "false"})
    cluster.balance("hidden", group, 9003)
    cluster.elb("RegisterTargets", TargetGroupArn=group,
                Targets=[{"Id": cluster.instances()[0]}])
    cluster.wait_healthy(group, ["healthy"])

    with connect(cluster, 9003) as made:
        client, name = say(made).split()

    assert name == "echo1" and client != CLIENT


@pytest.mark.timeout(60)
def test_the_kernel_serves_while_the_daemon_is_away_and_heals(cluster, echo_group):
    cluster.manager.stop(signal.SIGKILL)
    with connect(cluster, 9001) as made:
        assert say(made) == f"{CLIENT} echo1"
    cluster.manager.start()
    with connect(cluster, 9001) as made:
        assert say(made) == f"{CLIENT} echo1"

    cluster.manager.run("nft", "delete", "table", "ip", "ikada_balancers")
    wait_until(lambda: "tcp dport 9001" in table(cluster), cluster=cluster)
