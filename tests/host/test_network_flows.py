"""Clients of network load balancers that go on sending from one socket while listeners and targets
change: who talks UDP has one tracked flow for as long as that goes on.
"""

import functools
import signal
import socket
import time
import types

import pytest

from cluster_hosts import wait_until
from network_balancers import Echo, NetworkCluster, Talker, Talkers, say
from task_network import in_namespace

NO_DELAY = {"deregistration_delay.timeout_seconds": "0"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, shared_ikada, busybox_image):
    directory = tmp_path_factory.mktemp("network-flows")
    archive = directory / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    made = NetworkCluster(directory / "hosts", archive, 2, 1)
    made.echoes = [Echo(host, 9000) for host in made.hosts]
    yield made
    for each in made.echoes:
        each.close()
    made.close()


def register(cluster, group, *numbers):
    cluster.elb("RegisterTargets", TargetGroupArn=group,
                Targets=[{"Id": cluster.instances()[number]} for number in numbers])


def deregister(cluster, group, number):
    target = {"Id": cluster.instances()[number]}
    cluster.elb("DeregisterTargets", TargetGroupArn=group, Targets=[target])


def listen(cluster, balancer, port, group):
    cluster.elb("CreateListener", LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="TCP_UDP",
                Port=port, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])


def listener_at(cluster, balancer, port):
    told = cluster.elb("DescribeListeners", LoadBalancerArn=balancer["LoadBalancerArn"])
    return next(each["ListenerArn"] for each in told["Listeners"] if each["Port"] == port)


def connect(cluster, port):
    return cluster.client.inside(socket.create_connection, (cluster.manager.address, port), 30)


def tracked(host, text):
    return [line for line in host.run("cat", "/proc/net/nf_conntrack").stdout.splitlines()
            if text in line]


def send_once(address, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.sendto(b"once", (address, port))


@pytest.mark.timeout(60)
def test_who_sends_before_there_is_a_target_is_answered_once_there_is(cluster):
    group = cluster.group("early", "UDP", 9000, NO_DELAY)
    cluster.balance("early", group, 9101, "UDP")
    with Talker(cluster, 9101) as talker:
        wait_until(lambda: tracked(cluster.manager, "dport=9101"), cluster=cluster)
        # Nobody's of the balancer, though of its port.
        for address in ("127.0.0.1", "10.99.0.77"):
            cluster.manager.net.inside(send_once, address, 9101)
        register(cluster, group, 0)
        wait_until(lambda: talker.names() == {"echo1"}, cluster=cluster)
        for address in ("127.0.0.1", "10.99.0.77"):
            assert tracked(cluster.manager, f"dst={address} sport=")

        # As a service that has no task for a while.
        for number in (0, 1):
            deregister(cluster, group, number)
            wait_until(lambda: not talker.names(), cluster=cluster)
            time.sleep(0.5)
            register(cluster, group, 1 - number)
            wait_until(lambda: talker.names() == {f"echo{2 - number}"}, cluster=cluster)

        # Somebody takes the table away, and it comes again.
        deregister(cluster, group, 0)
        wait_until(lambda: not talker.names(), cluster=cluster)
        register(cluster, group, 0, 1)
        cluster.manager.run("nft", "delete", "table", "ip", "ikada_balancers", check=False)
        wait_until(lambda: talker.names(), cluster=cluster)


@pytest.mark.timeout(60)
def test_flows_leave_a_target_at_the_end_of_its_delay(cluster):
    group = cluster.group("delay", "UDP", 9000, {"deregistration_delay.timeout_seconds": "9"})
    cluster.balance("delay", group, 9102, "UDP")
    register(cluster, group, 0, 1)
    cluster.wait_healthy(group, ["healthy"] * 2)
    with Talkers(cluster, 9102) as talkers:
        talkers.wait(cluster, "echo1", "echo2")
        deregister(cluster, group, 1)
        time.sleep(1)
        talkers.wait(cluster, "echo1", "echo2")
        talkers.wait(cluster, "echo1")

        # Once more, and the daemon is away when the delay ends.
        register(cluster, group, 1)
        cluster.wait_healthy(group, ["healthy"] * 2)
    cluster.elb("ModifyTargetGroupAttributes", TargetGroupArn=group, Attributes=[
        {"Key": "deregistration_delay.timeout_seconds", "Value": "4"}])
    with Talkers(cluster, 9102) as talkers:
        talkers.wait(cluster, "echo1", "echo2")
        deregister(cluster, group, 1)
        cluster.manager.stop(signal.SIGKILL)
        time.sleep(4.5)
        talkers.wait(cluster, "echo1", "echo2")
        cluster.manager.start()
        talkers.wait(cluster, "echo1")
    cluster.wait_connected()


@pytest.mark.timeout(60)
def test_a_deleted_listener_serves_on_who_is_connected_but_no_datagrams(cluster):
    group = cluster.group("deleted", "TCP_UDP", 9000)
    made = cluster.balance("deleted", group, 9103, "TCP_UDP")
    listen(cluster, made, 9104, group)
    register(cluster, group, 0)
    cluster.wait_healthy(group, ["healthy"])
    with Talker(cluster, 9103) as going, Talker(cluster, 9104) as staying:
        wait_until(lambda: going.names() and staying.names(), cluster=cluster)
        kept = [connect(cluster, port) for port in (9103, 9104)]
        assert [say(each) for each in kept] == ["10.99.0.50 echo1"] * 2

        cluster.elb("DeleteListener", ListenerArn=listener_at(cluster, made, 9103))
        wait_until(lambda: not going.names(), cluster=cluster)
        wait_until(staying.names, cluster=cluster)
        assert [say(each) for each in kept] == ["10.99.0.50 echo1"] * 2

        cluster.elb("DeleteListener", ListenerArn=listener_at(cluster, made, 9104))
        wait_until(lambda: not staying.names(), cluster=cluster)
        assert [say(each) for each in kept] == ["10.99.0.50 echo1"] * 2
        for each in kept:
            each.close()


@pytest.mark.timeout(60)
def test_datagrams_follow_a_listener_to_its_new_group_and_connections_do_not(cluster):
    groups = [cluster.group(name, "TCP_UDP", 9000) for name in ("first", "second")]
    made = cluster.balance("moved", groups[0], 9105, "TCP_UDP")
    for number, group in enumerate(groups):
        register(cluster, group, number)
    # Both are in use before and after.
    listen(cluster, made, 9106, groups[1])
    listen(cluster, made, 9107, groups[0])
    for group in groups:
        cluster.wait_healthy(group, ["healthy"])
    with Talker(cluster, 9105) as talker, Talker(cluster, 9107) as bystander:
        wait_until(lambda: talker.names() == {"echo1"} == bystander.names(), cluster=cluster)
        kept = connect(cluster, 9105)
        assert say(kept) == "10.99.0.50 echo1"

        cluster.elb("ModifyListener", ListenerArn=listener_at(cluster, made, 9105),
                    DefaultActions=[{"Type": "forward", "TargetGroupArn": groups[1]}])
        wait_until(lambda: talker.names() == {"echo2"}, cluster=cluster)

        wait_until(lambda: bystander.names() == {"echo1"}, cluster=cluster)
        assert say(kept) == "10.99.0.50 echo1"
        kept.close()


@pytest.mark.timeout(60)
def test_flows_leave_a_target_that_fails_and_are_served_when_it_is_well_again(cluster):
    checks = [host.net.inside(socket.create_server, ("0.0.0.0", 9009)) for host in cluster.hosts]
    group = cluster.group("fails", "TCP_UDP", 9000, HealthCheckPort="9009")
    cluster.balance("fails", group, 9108, "TCP_UDP")
    # The same targets of another group, whose checks go on.
    well = cluster.group("well", "TCP_UDP", 9000)
    cluster.balance("well", well, 9109, "TCP_UDP")
    for each in (group, well):
        register(cluster, each, 0, 1)
        cluster.wait_healthy(each, ["healthy"] * 2)
    with Talkers(cluster, 9108) as talkers, Talkers(cluster, 9109) as others:
        talkers.wait(cluster, "echo1", "echo2")
        others.wait(cluster, "echo1", "echo2")
        kept = [connect(cluster, 9109) for _ in range(12)]
        names = [say(each) for each in kept]
        assert len(set(names)) == 2
        checks[1].close()
        talkers.wait(cluster, "echo1")
        others.wait(cluster, "echo1", "echo2")
        assert [say(each) for each in kept] == names
        checks[1] = cluster.hosts[1].net.inside(socket.create_server, ("0.0.0.0", 9009))
        cluster.wait_healthy(group, ["healthy"] * 2)
        checks[0].close()
        talkers.wait(cluster, "echo2")
    for each in checks + kept:
        each.close()


@pytest.mark.timeout(90)
def test_a_task_that_has_the_port_of_one_before_gets_its_clients(cluster, busybox_image):
    """Tasks on the manager's host alone: both are the target of one instance and one port."""
    other = cluster.instances()[1]
    set_to = functools.partial(cluster.manager.api, "UpdateContainerInstancesState",
                               containerInstances=[other])
    set_to(status="DRAINING")
    group = cluster.group("port", "TCP_UDP", 9000)
    cluster.balance("port", group, 9110, "TCP_UDP")
    ports = [{"containerPort": 9000, "hostPort": 9500, "protocol": protocol}
             for protocol in ("tcp", "udp")]
    cluster.manager.api("RegisterTaskDefinition", family="port", containerDefinitions=[
        {"name": "web", "image": busybox_image, "memory": 16, "cpu": 1, "stopTimeout": 1,
         "command": ["sleep", "1000"], "portMappings": ports}])

    def start_echo(number, but=None):
        """In the service's task, once it has another one than that."""
        def running():
            arns = cluster.manager.api("ListTasks", serviceName="port")["taskArns"]
            told = cluster.manager.api("DescribeTasks", tasks=arns)["tasks"] if arns else []
            return next((each["containers"][0]["runtimeId"] for each in told
                         if each["lastStatus"] == "RUNNING"
                         and each["containers"][0]["runtimeId"] != but), None)

        container = wait_until(running, 60, cluster)
        pid = int(cluster.manager("inspect", "-f", "{{.State.Pid}}", container).stdout)
        inside = functools.partial(in_namespace, pid)
        net = types.SimpleNamespace(number=number, inside=inside)
        return container, Echo(types.SimpleNamespace(net=net), 9000)

    with Talker(cluster, 9110) as talker:
        place = {"targetGroupArn": group, "containerName": "web", "containerPort": 9000}
        made = cluster.manager.api("CreateService", serviceName="port", taskDefinition="port",
                                   desiredCount=1, loadBalancers=[place])
        assert "service" in made, made
        first, echo = start_echo(71)
        wait_until(lambda: talker.names() == {"echo71"}, cluster=cluster)

        cluster.manager("kill", first)
        echo.close()
        _, echo = start_echo(72, first)
        wait_until(lambda: talker.names() == {"echo72"}, cluster=cluster)
        echo.close()
    set_to(status="ACTIVE")


@pytest.mark.timeout(60)
def test_a_manager_that_leaves_takes_its_table_with_it(cluster):
    """The last one, for there is no cluster any more."""
    group = cluster.group("last", "TCP", 9000)
    cluster.balance("last", group, 9111)
    register(cluster, group, 0)
    cluster.wait_healthy(group, ["healthy"])
    manager = cluster.manager
    # Whoever has none becomes no manager of a cluster of its own, whose looks would mend it.
    (manager.directory / "cluster.yaml").unlink()

    cluster.hosts[1]("cluster", "leave", "--force", timeout=110)
    manager("cluster", "leave", "--force", timeout=110)
    wait_until(lambda: manager.status()["role"] == "none", cluster=cluster)
    time.sleep(2)

    left = manager.run("nft", "list", "table", "ip", "ikada_balancers", check=False)
    assert left.returncode != 0, left.stdout
