"""What nodes and strangers may not do to a cluster, and ways out when nobody answers."""

import http.client
import json
import resource
import signal
import socket
import ssl
import time

import pytest

import cluster_hosts
from cluster_hosts import instances, run_tasks, wait_tasks, wait_until


@pytest.fixture
def archive(tmp_path, shared_ikada, busybox_image):
    path = tmp_path / "busybox.tar"
    shared_ikada("save", "-o", path, busybox_image)
    return path


@pytest.fixture
def pair(tmp_path):
    cluster = cluster_hosts.Cluster(tmp_path / "hosts", 2)
    yield cluster
    cluster.close()


def talk(host, to, frames, context):
    """Sends frames to the node port as `host` would; what comes back: answers to all, or less."""
    def body():
        with socket.create_connection((to, 7442), timeout=30) as plain:
            with context.wrap_socket(plain) as link:
                for frame in frames:
                    text = json.dumps(frame).encode()
                    link.sendall(len(text).to_bytes(4, "big") + text)
                received = b""
                try:
                    while received.count(b'"answer"') < len(frames) and (data := link.recv(65536)):
                        received += data
                except (TimeoutError, ssl.SSLError, ConnectionError):
                    pass
                return received

    return host.net.inside(body)


def node_context(host, directory):
    """TLS with that node's own certificate."""
    membership = json.loads((host.root / "node.json").read_text())
    pem = directory / "node.pem"
    pem.write_text(membership["certificate"] + membership["key"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=membership["authority"])
    context.load_cert_chain(pem)
    return context


@pytest.mark.timeout(120)
def test_what_a_node_may_not_say(pair, tmp_path):
    manager, worker = pair.hosts
    pair.init()
    pair.join(worker)
    wait_until(lambda: instances(pair) == 2, cluster=pair)
    worker.stop()
    context = node_context(worker, tmp_path)

    answers = talk(worker, manager.address, [
        {"ask": "leave", "id": 1, "body": {"stopTasks": "x"}}, {"ask": "leave", "id": 2, "body": 5},
        {"ask": "enlist", "id": 3, "body": [1]}, {"ask": "renew", "id": 4, "body": "x"},
        {"ask": "enlist", "id": 5, "body": {"host": {"cluster": "../x"}}},
        {"ask": "report", "id": 6, "body": {}}, {"ask": "fly", "id": 7}], context)
    assert answers.count(b'"error"') == 7, answers
    for _ in range(3):
        for name in ("one", "two", "default"):
            talk(worker, manager.address,
                 [{"ask": "enlist", "id": number, "body": {"host": {"cluster": name}}}
                  for number in range(2)], context)

    assert manager.process.poll() is None
    count = sum(len(manager.api("ListContainerInstances", cluster=name)["containerInstanceArns"])
                for name in ("one", "two", "default"))
    assert count == 2  # One of each node.
    # Its certificate is no server's.
    verified = worker.run("openssl", "verify", "-CAfile", manager.root / "cluster" / "ca.pem",
                          "-purpose", "sslserver", tmp_path / "node.pem", check=False)
    assert verified.returncode != 0
    worker.start()
    wait_until(lambda: pair.nodes()["host2"]["State"] == "connected", cluster=pair)


@pytest.mark.timeout(120)
def test_strangers_do_not_keep_the_door(pair):
    manager, worker = pair.hosts
    pair.init()
    pair.join(worker)
    strange = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    strange.check_hostname = False
    strange.verify_mode = ssl.CERT_NONE
    ping = b'{"ping":{}}'

    def crowd():
        links = []
        for _ in range(70):
            try:
                link = strange.wrap_socket(socket.create_connection((manager.address, 7442), 10))
                link.sendall(len(ping).to_bytes(4, "big") + ping)
                links.append(link)
            except OSError:
                pass
        return links

    links = worker.net.inside(crowd)
    assert len(links) <= 8
    # A node's own connection has another way in, as soon as the crowd's time is over.
    worker.stop()
    worker.start()
    wait_until(lambda: json.loads(worker("cluster", "status", "-f", "json").stdout)["connected"],
               cluster=pair)
    for link in links:
        link.close()


@pytest.mark.timeout(120)
def test_leaving_without_a_manager(tmp_path, archive, busybox_image):
    cluster = cluster_hosts.Cluster(tmp_path / "hosts", 2, archive, [{"run_tasks": False}])
    try:
        manager, worker = cluster.hosts
        cluster.init()
        cluster.join(worker)
        wait_until(lambda: instances(cluster) == 1, cluster=cluster)
        wait_tasks(cluster, run_tasks(cluster, busybox_image, 1), "RUNNING")
        manager.stop(signal.SIGKILL)

        assert "no manager can be reached" in worker("cluster", "leave", check=False).stderr
        wait_until(lambda: not json.loads(
            worker("cluster", "status", "-f", "json").stdout)["connected"], cluster=cluster)
        worker("cluster", "leave", "--force")

        assert worker("ps", "-q").stdout == ""
        wait_until(lambda: worker("cluster", "status", check=False).stdout == "Role: none\n",
                   cluster=cluster)
    finally:
        cluster.close()


@pytest.mark.timeout(120)
def test_a_manager_leaves_with_its_tasks_and_makes_a_new_cluster(tmp_path, archive, busybox_image):
    cluster = cluster_hosts.Cluster(tmp_path / "hosts", 1, archive)
    try:
        manager, = cluster.hosts
        cluster.init()
        wait_until(lambda: instances(cluster) == 1, cluster=cluster)
        arns = run_tasks(cluster, busybox_image, 2)
        wait_tasks(cluster, arns, "RUNNING")
        cluster.manager.api("StopTask", task=arns[0])

        manager("cluster", "leave", "--force")

        assert manager("ps", "-q").stdout == ""
        wait_until(lambda: manager("cluster", "status", check=False).stdout == "Role: none\n",
                   cluster=cluster)
        cluster.init()
        wait_until(lambda: instances(cluster) == 1, cluster=cluster)
        assert cluster.manager.api("ListTasks")["taskArns"] == []
        # A daemon that was killed before its node was on record puts it there.
        manager.stop(signal.SIGKILL)
        for file in (manager.root / "cluster").glob("store.db*"):
            file.unlink()
        (manager.root / "cluster" / "store.db").touch()
        manager.start()
        wait_until(lambda: len(cluster.nodes()) == 1, cluster=cluster)
    finally:
        cluster.close()


def refused_calls(address, count):
    """The error's name of each of `count` calls with a bad signature, and the ids of requests."""
    context = ssl._create_unverified_context()
    client = http.client.HTTPSConnection(address, 7440, timeout=60, context=context)
    names, ids = [], set()
    for _ in range(count):
        client.request("POST", "/", "{}", {
            "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters",
            "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
            "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDWRONG/20260101/us-east-1/ecs/"
                             "aws4_request, SignedHeaders=host;x-amz-date, Signature=" + "0" * 64})
        answer = client.getresponse()
        ids.add(answer.getheader("x-amzn-RequestId"))
        names.append(json.loads(answer.read())["__type"])
    return names, ids


@pytest.mark.timeout(120)
def test_refused_signatures_are_limited_by_address(pair):
    manager, other = pair.hosts
    pair.init()
    began = time.monotonic()
    names, ids = other.net.inside(lambda: refused_calls(manager.address, 60))
    more = int(time.monotonic() - began) + 1  # One a second.
    assert 40 - more <= names.count("ThrottlingException") <= 40 and more < 30, names
    assert names[0] != "ThrottlingException"
    assert len(ids) == 60 and all(len(each) == 36 for each in ids)
    # Another address, by IPv6.
    manager.run("ip", "addr", "add", "fd77::1/64", "dev", "lo")
    names, _ = manager.net.inside(lambda: refused_calls("fd77::1", 3))
    assert "ThrottlingException" not in names
    recorded = (manager.root / "audit" / "log").read_text()
    assert recorded.count("AKIDWRONG") in range(20, 30 + more)
    assert '"sourceIPAddress":"fd77::1"' in recorded
    assert f'"sourceIPAddress":"{other.address}"' in recorded


@pytest.mark.timeout(120)
def test_half_open_connections_of_one_address_leave_room(pair):
    manager, other = pair.hosts
    pair.init()

    def attack():
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
        held = [socket.create_connection((manager.address, 7440), 20) for _ in range(1100)]
        for each in held:
            each.setblocking(False)
        # Before the time of those that have a place is over.
        deadline = time.monotonic() + 20
        while len(open_still := list(filter(is_open, held))) > 64 and time.monotonic() < deadline:
            time.sleep(0.1)
        mine = manager.net.inside(lambda: refused_calls(manager.address, 1))[0]
        return len(open_still), mine

    open_still, names = other.net.inside(attack)
    assert open_still <= 64 and len(names) == 1


@pytest.mark.timeout(120)
def test_refused_connections_of_one_address_leave_room(pair):
    manager, other = pair.hosts
    pair.init()
    context = ssl._create_unverified_context()

    def is_left(client):
        if client.sock is None:
            return False
        client.sock.setblocking(False)
        try:
            client.sock.recv(1)
        except ssl.SSLWantReadError:
            return True
        except OSError:
            pass
        return False

    def attack():
        clients, answers = [], 0
        for _ in range(100):
            clients.append(http.client.HTTPSConnection(manager.address, 7440, timeout=20,
                                                       context=context))
            try:
                clients[-1].request("POST", "/", "{}")
                clients[-1].getresponse().read()
                answers += 1
            except OSError:
                clients[-1].close()
        mine = manager.net.inside(lambda: refused_calls(manager.address, 1))[0]
        return answers, sum(map(is_left, clients)), mine

    answers, left, names = other.net.inside(attack)
    assert answers > 0 and left <= 64 and len(names) == 1


@pytest.mark.timeout(120)
def test_the_registrys_socket_waits_for_descriptors(pair):
    manager = pair.hosts[0]
    pair.init()
    path = manager.run_root / "registry.sock"
    wait_until(path.exists, cluster=pair)
    daemon = manager.process.pid
    before = resource.prlimit(daemon, resource.RLIMIT_NOFILE)
    resource.prlimit(daemon, resource.RLIMIT_NOFILE, (128, before[1]))
    held = []
    try:
        def is_told():
            for _ in range(20):  # What is over waits in the backlog, or is refused.
                held.append(socket.socket(socket.AF_UNIX))
                held[-1].setblocking(False)
                held[-1].connect_ex(str(path))
            told = "registry.sock: Too many open files, retrying in 100 ms"
            return len(held) > 900 or told in manager.log.read_text()
        wait_until(is_told, cluster=pair)
        assert len(held) <= 900, manager.log.read_text()
    finally:
        resource.prlimit(daemon, resource.RLIMIT_NOFILE, before)
        for each in held:
            each.close()
    # It has not given up either.
    status = manager.run("curl", "-sS", "-m", "30", "--unix-socket", path, "-o", "/dev/null",
                         "-w", "%{http_code}", "http://registry/v2/").stdout
    assert status == "200"


def is_open(connection):
    try:
        connection.recv(1)
    except BlockingIOError:
        return True
    except ConnectionResetError:
        pass
    return False
