"""Workers become managers and managers workers, while hosts and leaders are killed."""

import concurrent.futures
import json
import shutil
import signal
import ssl
import subprocess
import threading
import time

import pytest

import cluster_hosts
from cluster_hosts import describe, instances, run_tasks, wait_tasks, wait_until
from test_cluster_abuse import talk
from test_cluster_quorum import Writer, cluster_names, containers, lead_by, wait_for_leader


@pytest.fixture(scope="module")
def archive(tmp_path_factory, shared_ikada, busybox_image):
    path = tmp_path_factory.mktemp("archive") / "busybox.tar"
    shared_ikada("save", "-o", path, busybox_image)
    return path


@pytest.fixture
def make_cluster(tmp_path):
    made = []

    def make(count, archive=None, agents=()):
        cluster = cluster_hosts.Cluster(tmp_path / f"hosts{len(made)}", count, archive, agents)
        made.append(cluster)
        return cluster

    yield make
    for cluster in made:
        cluster.close()


def keys_of(host):
    return (host.root / "cluster" / "authority.json").exists()


def roles(cluster):
    return {name: (node["Role"], node["State"], node["Manager"])
            for name, node in cluster.nodes().items()}


def is_settled(cluster, managers, workers):
    def holds():
        try:
            found = roles(cluster)
        except (AssertionError, json.JSONDecodeError, KeyError):
            return False
        return all(found[name][0] == "manager" and found[name][1] == "connected" and
                   found[name][2] in ("reachable", "leader") for name in managers) and \
            all(found[name][:2] == ("worker", "connected") for name in workers)

    return wait_until(holds, 120, cluster)


def name_of(host):
    return host.status()["name"]


@pytest.mark.timeout(300)
def test_a_dead_manager_is_replaced_by_promoting_a_worker(make_cluster, archive, busybox_image):
    cluster = make_cluster(4, archive)
    cluster.init()
    cluster.lead_with(3)
    wait_until(lambda: instances(cluster) == 4, cluster=cluster)
    arns = run_tasks(cluster, busybox_image, 4)
    wait_tasks(cluster, arns, "RUNNING")
    first, gone, third, worker = cluster.hosts
    before = containers(cluster)[worker]
    assert before and not keys_of(worker)
    gone.stop(signal.SIGKILL)
    wait_until(lambda: cluster.leader() in (first, third), cluster=cluster)
    writer = Writer(first)
    wait_until(lambda: len(writer.acknowledged) > 3)

    assert first("node", "rm", "--force", "host2").returncode == 0
    assert first("node", "promote", "host4").stdout == "host4\n"

    writer.end()
    is_settled(cluster, ["host4"], [])
    assert keys_of(worker) and worker.status()["role"] == "manager"
    assert containers(cluster)[worker] == before
    assert set(writer.acknowledged) <= cluster_names(worker)
    on_worker = [task for task in describe(cluster, arns) if task["lastStatus"] == "RUNNING"]
    assert len(on_worker) >= 3
    again = first("node", "promote", "host4", check=False)
    assert again.returncode == 1 and "already" in again.stderr
    # It does its part: with it and one of the two old ones there is a majority.
    leader = wait_for_leader(cluster)
    victim = leader if leader in (first, third) else third
    other = next(host for host in (first, third) if host is not victim)
    victim.stop(signal.SIGKILL)
    wait_until(lambda: other.api("CreateCluster", clusterName="after").get("cluster"), 90, cluster)
    assert "after" in cluster_names(worker)
    audit = (first.root / "audit" / "log").read_text()
    assert '"eventName":"ClusterNodeRole"' in audit


@pytest.mark.timeout(300)
def test_managers_are_demoted_down_to_one_that_has_to_stay(make_cluster, archive, busybox_image):
    cluster = make_cluster(3, archive)
    cluster.init()
    cluster.lead_with(3)
    leader = wait_for_leader(cluster)
    names = {host: name_of(host) for host in cluster.hosts}
    stays = next(host for host in cluster.hosts if host is not leader)
    lead_by(cluster, stays)
    third = next(host for host in cluster.hosts if host not in (leader, stays))

    # Without one of them the other two are needed.
    third.net.set_link(False)
    try:
        refused = stays("node", "demote", names[leader], check=False)
        assert refused.returncode == 1 and "majority" in refused.stderr, refused.stderr
    finally:
        third.net.set_link(True)
    is_settled(cluster, [names[third]], [])
    wait_until(lambda: instances(cluster) == 3, cluster=cluster)
    arns = run_tasks(cluster, busybox_image, 3)
    wait_tasks(cluster, arns, "RUNNING")
    before = containers(cluster)

    assert stays("node", "demote", names[leader]).stdout == names[leader] + "\n"
    assert not keys_of(leader) and not (leader.root / "cluster" / "etcd.json").exists()
    assert leader.status()["role"] == "worker"
    is_settled(cluster, [names[stays], names[third]], [names[leader]])
    assert stays("node", "demote", names[third]).returncode == 0
    only = stays("node", "demote", names[stays], check=False)
    assert only.returncode == 1 and "only manager" in only.stderr
    assert {task["lastStatus"] for task in describe(cluster, arns)} == {"RUNNING"}
    assert containers(cluster) == before
    # And back.
    assert stays("node", "promote", names[third]).returncode == 0
    assert {task["lastStatus"] for task in describe(cluster, arns)} == {"RUNNING"}


@pytest.mark.timeout(400)
def test_a_host_killed_at_any_moment_of_its_promotion_becomes_a_manager(make_cluster):
    cluster = make_cluster(2, None, [{"run_tasks": False}] * 2)
    first, worker = cluster.hosts
    cluster.init()
    cluster.join(worker)
    is_settled(cluster, [name_of(cluster.hosts[0])], ["host2"])
    acknowledged = []
    for number, delay_s in enumerate((0.0, 0.05, 0.15, 0.3, 0.6, 1.2)):
        writer = Writer(first, f"k{number}x")
        promoting = threading.Thread(target=lambda: first("node", "promote", "host2", check=False))
        promoting.start()
        time.sleep(delay_s)
        worker.stop(signal.SIGKILL)
        time.sleep(0.5)
        worker.start()
        promoting.join()
        writer.end()
        acknowledged += writer.acknowledged
        # Perhaps the killed one was faster than the wish.
        if name_role_of(first, "host2") != "manager":
            wait_until(lambda: first("node", "promote", "host2", check=False).returncode == 0,
                       cluster=cluster)
        is_settled(cluster, [name_of(cluster.hosts[0]), "host2"], [])
        assert set(acknowledged) <= cluster_names(first)
        assert first("node", "demote", "host2").returncode == 0
        is_settled(cluster, [name_of(cluster.hosts[0])], ["host2"])
        assert not keys_of(worker)


def promote(host, name):
    """Asks for it until it is decided; does not wait for it."""
    def is_decided():
        told = host("node", "promote", name, check=False, timeout=150)
        return told.returncode == 0 or "already" in told.stderr
    thread = threading.Thread(target=lambda: wait_until(is_decided, 150))
    thread.start()
    return thread


@pytest.mark.timeout(200)
def test_managers_that_are_demoted_all_at_once_leave_one(make_cluster):
    cluster = make_cluster(3, None, [{"run_tasks": False}] * 3)
    cluster.init()
    cluster.lead_with(3)
    asked = cluster.hosts[0]
    names = [name_of(host) for host in cluster.hosts]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        told = list(pool.map(lambda name: asked("node", "demote", name, check=False, timeout=150),
                             names))
    assert any(each.returncode != 0 for each in told), told

    def stays(host):
        return host.status()["role"] == "manager" and \
            host.api("CreateCluster", clusterName="after").get("cluster")
    wait_until(lambda: any(stays(host) for host in cluster.hosts), 90, cluster)


@pytest.mark.timeout(300)
def test_a_leader_killed_in_the_middle_of_a_promotion_is_followed_in_it(make_cluster):
    cluster = make_cluster(4, None, [{"run_tasks": False}] * 4)
    cluster.init()
    cluster.lead_with(3)
    for delay_s in (0.05, 0.25, 0.5):
        leader = wait_for_leader(cluster)
        lead_by(cluster, next(host for host in cluster.hosts
                              if host is not leader and host.net.number != 4))
        promoting = promote(cluster.manager, "host4")
        time.sleep(delay_s)
        leader.stop(signal.SIGKILL)
        time.sleep(3)
        # While one member of etcd is away it takes no new one.
        leader.start()
        is_settled(cluster, ["host4"], [])
        promoting.join()
        wait_until(lambda: cluster.manager("node", "demote", "host4", check=False).returncode == 0,
                   cluster=cluster)
        is_settled(cluster, [], ["host4"])


def kill_once_it_says(host, words):
    """At once: what comes next would be soon."""
    deadline = time.monotonic() + 60
    while words not in host.log.read_text():
        assert time.monotonic() < deadline, host.log.read_text()[-1500:]
        time.sleep(0.002)
    host.stop(signal.SIGKILL)


def start_promotion_and_lose_the_leader(cluster, worker):
    """The records call it a manager, its host has not heard so, and who led is gone."""
    leader = wait_for_leader(cluster)
    lead_by(cluster, next(host for host in cluster.hosts if host not in (leader, worker)))
    promoting = promote(cluster.manager, "host4")
    kill_once_it_says(worker, "becoming a manager")
    wait_until(lambda: name_role_of(leader, "host4") == "manager", cluster=cluster)
    assert not keys_of(worker)
    leader.stop(signal.SIGKILL)
    return leader, promoting


@pytest.mark.timeout(200)
def test_a_promotion_goes_on_without_the_leader_that_began_it(make_cluster):
    cluster = make_cluster(4, None, [{"run_tasks": False}] * 4)
    cluster.init()
    cluster.lead_with(3)
    worker = cluster.hosts[3]
    gone, promoting = start_promotion_and_lose_the_leader(cluster, worker)
    worker.start()
    is_settled(cluster, ["host4"], [])
    promoting.join()
    assert keys_of(worker)
    # It counts: with one of the two others it is a majority of the three.
    name = next(name for name, each in roles(cluster).items() if each[2] == "unreachable")
    assert cluster.manager("node", "rm", "--force", name).returncode == 0
    assert gone.process.poll() is not None
    wait_until(lambda: cluster.manager.api("CreateCluster", clusterName="after").get("cluster"),
               cluster=cluster)


@pytest.mark.timeout(200)
def test_a_promotion_waits_for_managers_and_can_be_taken_back(make_cluster):
    cluster = make_cluster(4, None, [{"run_tasks": False}] * 4)
    cluster.init()
    cluster.lead_with(3)
    leader = wait_for_leader(cluster)
    away = next(host for host in cluster.hosts[:3] if host is not leader)
    name = name_of(away)
    lead_by(cluster, leader)
    away.stop(signal.SIGKILL)
    promoting = promote(leader, "host4")
    inspected = wait_until(lambda: (lambda text: text if "waits for the other" in text else "")(
        leader("node", "inspect", "host4").stdout), 90, cluster)
    assert '"wantedRole": "manager"' in inspected
    assert leader("node", "demote", "host4").returncode == 0
    assert roles(cluster)["host4"][0] == "worker"
    # Now for good, as soon as nobody is away.
    second = promote(leader, "host4")
    assert leader("node", "rm", "--force", name).returncode == 0
    is_settled(cluster, ["host4"], [])
    second.join()
    promoting.join()


@pytest.mark.timeout(200)
def test_a_new_manager_begins_with_the_members_that_there_are_by_then(make_cluster):
    cluster = make_cluster(4, None, [{"run_tasks": False}] * 4)
    cluster.init()
    cluster.lead_with(3)
    worker = cluster.hosts[3]
    leader = wait_for_leader(cluster)
    lead_by(cluster, leader)
    gone = next(host for host in cluster.hosts if host not in (leader, worker))
    name = name_of(gone)
    promoting = promote(leader, "host4")
    # It has what a manager needs, and is killed before its etcd has begun.
    kill_once_it_says(worker, "role changed role=manager")
    assert not (worker.root / "cluster" / "etcd" / "data" / "member" / "wal").exists()
    gone.stop(signal.SIGKILL)
    assert leader("node", "rm", "--force", name).returncode == 0
    worker.start()
    is_settled(cluster, ["host4"], [])
    promoting.join()


def name_role_of(host, name):
    lines = host("node", "ls", "--format", "{{.Name}} {{.Role}}").stdout.splitlines()
    return next(line.split()[-1] for line in lines if line.startswith(name))


@pytest.mark.timeout(120)
def test_a_copied_identity_is_noticed_and_refused(make_cluster):
    cluster = make_cluster(3, None, [{"run_tasks": False}] * 3)
    first, worker, thief = cluster.hosts
    cluster.init()
    cluster.join(worker)
    is_settled(cluster, [name_of(cluster.hosts[0])], ["host2"])
    thief.stop()
    shutil.copy(worker.root / "node.json", thief.root / "node.json")
    thief.start()
    wait_until(lambda: cluster.nodes()["host2"]["State"] == "doubled", cluster=cluster)
    time.sleep(8)
    assert thief.log.read_text().count("node.json was copied") == 1
    assert first.log.read_text().count("node refused") == 1
    assert not thief.status()["connected"] and worker.status()["connected"]
    lines = [json.loads(line) for line in (first.root / "audit" / "log").read_text().splitlines()]
    doubled = [line for line in lines if line["eventName"] == "NodeDoubled"]
    assert len(doubled) == 1 and doubled[0]["sourceIPAddress"] == thief.address


@pytest.mark.timeout(120)
def test_an_original_that_was_taken_for_the_copy_is_heard_again(make_cluster):
    cluster = make_cluster(3, None, [{"run_tasks": False}] * 3)
    first, worker, thief = cluster.hosts
    cluster.init()
    cluster.join(worker)
    is_settled(cluster, [name_of(first)], ["host2"])
    worker.stop()
    thief.stop()
    shutil.copy(worker.root / "node.json", thief.root / "node.json")
    thief.start()
    wait_until(lambda: thief.status()["connected"], cluster=cluster)
    worker.start()
    wait_until(lambda: "node.json was copied" in worker.log.read_text(), cluster=cluster)

    thief.stop()
    wait_until(lambda: worker.status()["connected"], cluster=cluster)
    node = worker.status()["node"]

    def heard():
        lines = [line for line in first.log.read_text().splitlines()
                 if " gossip " in line and line.endswith(node)]
        return lines and " failed " not in lines[-1] and " left " not in lines[-1]
    # Without gossip it would be lost at the first silence.
    wait_until(heard, cluster=cluster)
    time.sleep(8)
    assert heard() and worker.status()["connected"]


@pytest.mark.timeout(120)
def test_without_a_leader_nodes_are_listed_as_a_manager_sees_them(make_cluster):
    cluster = make_cluster(2, None, [{"run_tasks": False}] * 2)
    cluster.init()
    cluster.lead_with(2)
    cluster.hosts[1].stop(signal.SIGKILL)
    wait_until(lambda: not cluster.hosts[0].status()["leads"], cluster=cluster)
    listed = wait_until(lambda: (lambda it: it if it.returncode == 0 else None)(
        cluster.hosts[0]("node", "ls", check=False)), cluster=cluster)
    assert "host2" in listed.stdout and "as this manager sees it" in listed.stderr


def connected_instances(cluster):
    arns = cluster.manager.api("ListContainerInstances")["containerInstanceArns"]
    found = cluster.manager.api("DescribeContainerInstances", containerInstances=arns)
    return [each for each in found["containerInstances"] if each["agentConnected"]]


@pytest.mark.timeout(200)
def test_secrets_from_before_the_cluster_open_on_managers_that_join(make_cluster, archive,
                                                                   busybox_image):
    cluster = make_cluster(3, archive)
    first = cluster.hosts[0]
    first.stop()
    (first.directory / "cluster.yaml").write_text("{}")
    first.start()
    wait_until(lambda: first("secret", "create", "old", "-", input="hush",
                             check=False).returncode == 0, cluster=cluster)
    cluster.init()
    cluster.lead_with(3)
    wait_until(lambda: instances(cluster) == 3, cluster=cluster)
    leader = wait_for_leader(cluster)
    leader.stop(signal.SIGKILL)
    for other in [host for host in cluster.hosts if host is not leader]:
        lead_by(cluster, other)
        wait_for_leader(cluster)
    wait_until(lambda: len(connected_instances(cluster)) == 2, 60, cluster)
    arns = run_tasks(cluster, busybox_image, 2, "echo got $MINE; sleep 1000",
                     secrets=[{"name": "MINE", "valueFrom": "old"}])
    wait_tasks(cluster, arns, "RUNNING")
    for arn in arns:
        assert wait_until(lambda a=arn: cluster.manager("task", "logs", a.split("/")[-1]).stdout,
                          cluster=cluster) == "got hush\n"


def join_and_die(cluster, host, directory, name=None, address=None):
    """What a host does that asks to be let in, and is killed before it has the answer; its key is
    in the directory."""
    request = subprocess.run(
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", directory / "key", "-subj", "/O=x"], check=True, capture_output=True,
        text=True).stdout
    strange = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    strange.check_hostname = False
    strange.verify_mode = ssl.CERT_NONE
    body = {"secret": cluster.token.strip().rsplit("-", 1)[1], "certificateRequest": request,
            "gossipKey": "ab" * 32, "name": name or f"host{host.net.number}",
            "address": address or host.address, "version": "0"}
    leader = wait_for_leader(cluster)
    return talk(host, leader.address, [{"ask": "join", "id": 1, "body": body}], strange)


@pytest.mark.timeout(120)
def test_a_host_killed_while_it_joins_leaves_nothing_when_it_joins_again(make_cluster, tmp_path):
    cluster = make_cluster(2, None, [{"run_tasks": False}] * 2)
    cluster.init()
    host = cluster.hosts[1]
    for _ in range(2):
        assert b'"certificate"' in join_and_die(cluster, host, tmp_path)
    assert cluster.manager("node", "ls", "-q").stdout.count("\n") == 2
    cluster.join(host)
    is_settled(cluster, [name_of(cluster.hosts[0])], ["host2"])
    assert cluster.manager("node", "ls", "-q").stdout.count("\n") == 2
    wait_until(lambda: '"isNew"' not in cluster.manager("node", "inspect", "host2").stdout,
               cluster=cluster)
    # It lives now: nobody else gets its name.
    assert b"has this name: say another with --name" in join_and_die(cluster, host, tmp_path)
    assert cluster.manager("node", "ls", "-q").stdout.count("\n") == 2
