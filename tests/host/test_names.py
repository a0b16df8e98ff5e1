"""Names of tasks and services: DNS on every host, in every network mode."""

import json
import os
import signal
import socket
import time

import pytest

import dns_messages
import programs
from cluster_hosts import wait_tasks, wait_until
from dns_messages import Answer, ask, ask_raw, question
from task_network import TaskCluster, in_namespace, start_tasks

BRIDGE_SERVER = "10.88.0.1"
LOOPBACK_SERVER = "127.88.0.53"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, shared_ikada, busybox_image):
    directory = tmp_path_factory.mktemp("names")
    archive = directory / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    (directory / "resolv.conf").write_text("nameserver 10.99.0.3\nsearch corp.example\n")
    programs.run("mount", "--bind", directory / "resolv.conf", "/etc/resolv.conf")
    cluster = TaskCluster(directory / "hosts", 3, archive)
    cluster.resolver = in_namespace(cluster.hosts[2].net.pid, dns_messages.Resolver, "10.99.0.3")
    yield cluster
    cluster.close()
    cluster.resolver.close()
    programs.run("umount", "/etc/resolv.conf")


@pytest.fixture
def client(cluster, busybox_image):
    """A task with an address of its own, that asks."""
    task, = cluster.run(busybox_image, 1)
    yield task
    cluster.stop([task])


class Service:
    def __init__(self, cluster, image, name, mode, count, ends_after_s=2):
        self.cluster, self.name = cluster, name
        api = cluster.manager.api
        registered = api(
            "RegisterTaskDefinition", family=name, networkMode=mode, containerDefinitions=[{
                "name": "app", "image": image, "memory": 16,
                "stopTimeout": ends_after_s + 3,
                "portMappings": [{"containerPort": 80, "name": "http"}] if mode != "none" else [],
                "command": ["sh", "-c", f"trap 'sleep {ends_after_s}; exit' TERM; mkdir /tmp/www; "
                            "hostname > /tmp/www/index.html; httpd -p 80 -h /tmp/www; "
                            "while :; do sleep 0.1; done"]}])
        assert "taskDefinition" in registered, registered
        more = {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}
        made = api("CreateService", serviceName=name, taskDefinition=name, desiredCount=count,
                   **(more if mode == "awsvpc" else {}))
        assert "service" in made, made
        self.wait(count)

    def tasks(self):
        arns = self.cluster.manager.api("ListTasks", serviceName=self.name)["taskArns"]
        tasks = self.cluster.manager.api("DescribeTasks", tasks=arns)["tasks"] if arns else []
        return [task for task in tasks if task["lastStatus"] == "RUNNING"]

    def wait(self, count):
        return wait_until(lambda: len(self.tasks()) == count, cluster=self.cluster)

    def address_of(self, task):
        """Of the task or its host, and the port there."""
        nodes = {each["instance"]: each for each in self.cluster.inspect()}
        bindings = task["containers"][0]["networkBindings"]
        interfaces = task["containers"][0]["networkInterfaces"]
        if interfaces:
            return interfaces[0]["privateIpv4Address"], 80
        host = nodes[task["containerInstanceArn"].split("/")[-1]]["address"]
        return host, bindings[0]["hostPort"] if bindings else 80

    def remove(self):
        self.cluster.manager.api("DeleteService", service=self.name, force=True)
        wait_until(lambda: not self.tasks(), cluster=self.cluster)


def server_of(task):
    """The server of names that the task has."""
    lines = task.exec("cat", "/etc/resolv.conf").stdout.splitlines()
    assert lines[1:] == ["search default.ikada corp.example"]
    return lines[0].removeprefix("nameserver ")


@pytest.mark.parametrize("mode", ["bridge", "awsvpc", "host"])
def test_a_service_has_a_name(cluster, client, busybox_image, mode):
    service = Service(cluster, busybox_image, f"web-{mode}", mode, 2)
    try:
        server = server_of(client)
        name = f"web-{mode}.default.ikada"
        places = sorted(service.address_of(task) for task in service.tasks())
        for by_tcp in (False, True):
            answer = wait_until(lambda by_tcp=by_tcp: (lambda it: it if it.values == sorted(
                {address for address, _ in places} if mode == "host" else
                [address for address, _ in places]) else None)(
                    client.inside(lambda: ask(server, name, by_tcp=by_tcp))), cluster=cluster)
            assert answer.is_ours and answer.code == 0 and 1 <= answer.ttl <= 5
        for port in ("http", "80"):
            answer = client.inside(lambda port=port: ask(server, f"_{port}._tcp.{name}", "SRV"))
            at = {name: value for name, _, value in answer.additional}
            assert sorted((at[target], port) for _, _, (port, target) in answer.records) == places
        for task in service.tasks():
            own = task["taskArn"].split("/")[-1]
            answer = client.inside(lambda own=own: ask(server, f"{own}.default.ikada"))
            assert answer.values == [service.address_of(task)[0]]
        # As programs ask: the short name, whatever its case, from a task of each kind.
        if mode == "awsvpc":
            said = client.exec("wget", "-q", "-O", "-", f"http://Web-{mode}/").stdout
            assert said.startswith("ip-10-120-")
        none = client.inside(lambda: ask(server, name, "AAAA"))
        assert (none.code, none.records, len(none.authority)) == (0, [], 1)
    finally:
        service.remove()
    wait_until(lambda: client.inside(lambda: ask(server, name)).code == 3, cluster=cluster)


def test_tasks_of_every_mode_ask(cluster, client, busybox_image):
    """From containers in mode bridge and host, with the programs that are in them."""
    for mode, server in (("bridge", BRIDGE_SERVER), ("host", LOOPBACK_SERVER)):
        service = Service(cluster, busybox_image, f"asks-{mode}", mode, 1)
        try:
            task, = service.tasks()
            instance = task["containerInstanceArn"].split("/")[-1]
            address = next(each["address"] for each in cluster.inspect()
                           if each["instance"] == instance)
            host = next(host for host in cluster.hosts if host.address == address)
            container = task["containers"][0]["runtimeId"]
            lines = host("exec", container, "cat", "/etc/resolv.conf").stdout.splitlines()
            assert lines == [f"nameserver {server}", "search default.ikada corp.example"]
            own = client.arn.split("/")[-1]
            said = host("exec", container, "nslookup", f"{own}.default.ikada").stdout
            assert client.address in said
            said = host("exec", container, "wget", "-q", "-O", "-", f"http://{own}/").stdout
            assert said.startswith("ip-10-120-")
            said = host("exec", container, "nslookup", "elsewhere.example").stdout
            assert "192.0.2.53" in said
        finally:
            service.remove()


def test_servers_of_the_definition_win(cluster, busybox_image):
    task, = start_tasks(cluster, busybox_image, 1)
    api = cluster.manager.api
    api("RegisterTaskDefinition", family="own-dns", networkMode="bridge", containerDefinitions=[
        {"name": "app", "image": busybox_image, "memory": 16, "stopTimeout": 0,
         "command": ["sleep", "1000"], "dnsServers": ["192.0.2.1"], "dnsSearchDomains": ["a.b"]}])
    started = api("RunTask", taskDefinition="own-dns")["tasks"][0]["taskArn"]
    wait_tasks(cluster, [started], "RUNNING")
    said = cluster.manager("task", "exec", started.split("/")[-1], "cat", "/etc/resolv.conf").stdout
    assert said == "nameserver 192.0.2.1\nsearch a.b\n"
    for arn in (started, task["taskArn"]):
        api("StopTask", task=arn)
    wait_tasks(cluster, [started, task["taskArn"]], "STOPPED")


def test_a_task_that_stops_has_no_name_any_more(cluster, client, busybox_image):
    service = Service(cluster, busybox_image, "drains", "awsvpc", 2, ends_after_s=15)
    try:
        server = server_of(client)
        wait_until(lambda: len(client.inside(lambda: ask(server, "drains.default.ikada")).values)
                   == 2, cluster=cluster)
        task = service.tasks()[0]
        address = service.address_of(task)[0]
        # It needs a while to end, and serves meanwhile: its name is gone before.
        cluster.manager.api("StopTask", task=task["taskArn"])
        wait_until(lambda: address not in client.inside(
            lambda: ask(server, "drains.default.ikada")).values, cluster=cluster)
        client.inside(lambda: socket.create_connection((address, 80), 10).close())
        # The one in its place comes.
        service.wait(2)
        wait_until(lambda: len(client.inside(lambda: ask(server, "drains.default.ikada")).values)
                   == 2, cluster=cluster)
    finally:
        service.remove()


def test_other_names_are_the_hosts_resolvers(cluster, client):
    server = server_of(client)
    answer = client.inside(lambda: ask(server, "www.example"))
    assert (answer.values, answer.number, answer.is_ours) == (["192.0.2.53"], 0x1234, False)
    assert client.inside(lambda: ask(server, "forged.example")).values == ["192.0.2.53"]
    assert client.inside(lambda: ask(server, "long.example")).is_truncated
    assert len(client.inside(lambda: ask(server, "long.example", by_tcp=True)).records) == 300
    ids = {number for name, _, number in cluster.resolver.asked if name == "many.example"}
    for _ in range(20):
        client.inside(lambda: ask(server, "many.example"))
    ids = {number for name, _, number in cluster.resolver.asked if name == "many.example"}
    assert len(ids) >= 18 and b"\x12\x34" not in ids
    begin = time.monotonic()
    silent = client.inside(lambda: ask(server, "silent.example", timeout_s=60))
    assert silent.code == 2 and time.monotonic() - begin < 30
    # Ours are never asked elsewhere.
    assert client.inside(lambda: ask(server, "nobody.default.ikada")).code == 3
    assert not [name for name, _, _ in cluster.resolver.asked if name.endswith("ikada")]


def test_broken_questions_and_strangers(cluster, client):
    server = server_of(client)

    def no_answer(message, **options):
        with pytest.raises((TimeoutError, EOFError, ConnectionError)):
            ask_raw(server, message, timeout_s=0.5, **options)

    def broken():
        whole = question("www.example")
        for message in (b"", b"\0", whole[:11], b"\x12\x34\x80" + whole[3:]):
            no_answer(message)
            no_answer(message, by_tcp=True)
        for size in range(12, len(whole)):
            assert Answer(ask_raw(server, whole[:4] + b"\0\0" + whole[6:12])).code == 1
            assert ask_raw(server, whole[:size])[3] & 15 == 1
        for _ in range(200):
            message = os.urandom(60)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(message, (server, 53))
        # Connections that say nothing take nobody's place for long, nor many.
        idle = [socket.create_connection((server, 53), 30) for _ in range(100)]
        assert ask(server, "www.example").values == ["192.0.2.53"]
        for each in idle:
            each.close()
        assert ask(server, "www.example", by_tcp=True, timeout_s=60).code == 0

    client.inside(broken)
    # Another host of the cluster is no task of this one.
    outside = next(host for host in cluster.hosts if host is not client.host)
    outside.run("ip", "route", "replace", "10.88.0.0/16", "via", client.host.address)
    with pytest.raises(OSError):
        in_namespace(outside.net.pid, lambda: ask(BRIDGE_SERVER, "www.example", timeout_s=0.5))
    outside.run("ip", "route", "delete", "10.88.0.0/16")


def answers(task, server, name):
    """None while nobody listens."""
    try:
        return task.inside(lambda: ask(server, name)).values
    except ConnectionRefusedError:
        return None


def kept_names(host):
    """What is on its disk."""
    path = host.root / "agent" / "names.json"
    return json.loads(path.read_text())["entries"] if path.exists() else {}


def test_names_go_on_without_managers(cluster, busybox_image):
    tasks = sorted(cluster.run(busybox_image, 3), key=lambda task: task.host.net.number)
    on_worker, other = tasks[1], tasks[2]
    server = server_of(on_worker)
    name = f"{other.arn.split('/')[-1]}.default.ikada"
    wait_until(lambda: on_worker.inside(lambda: ask(server, name)).values == [other.address],
               cluster=cluster)
    own = other.arn.split("/")[-1]
    wait_until(lambda: own in kept_names(on_worker.host), cluster=cluster)
    cluster.manager.process.send_signal(signal.SIGKILL)
    cluster.manager.process.wait()
    try:
        assert on_worker.inside(lambda: ask(server, name)).values == [other.address]
        on_worker.host.stop()
        on_worker.host.start()
        wait_until(lambda: answers(on_worker, server, name) == [other.address], cluster=cluster)
        assert kept_names(on_worker.host)[own]["address"] == other.address
    finally:
        cluster.manager.start()
    wait_until(lambda: all(node["State"] == "connected" for node in cluster.nodes().values()),
               cluster=cluster)
    cluster.stop(tasks)
    wait_until(lambda: in_namespace(on_worker.host.net.pid,
                                    lambda: ask(LOOPBACK_SERVER, name)).code == 3, cluster=cluster)
