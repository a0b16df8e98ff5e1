"""Several managers: the store moves to etcd, one of them dies, most of them do."""

import concurrent.futures
import contextlib
import shutil
import signal
import threading
import time

import pytest

import cluster_hosts
from cluster_hosts import NO_TASKS, describe, instances, run_tasks, wait_tasks, wait_until
from cluster_writes import Writer, cluster_names

@pytest.fixture(scope="module")
def archive(tmp_path_factory, shared_ikada, busybox_image):
    path = tmp_path_factory.mktemp("archive") / "busybox.tar"
    shared_ikada("save", "-o", path, busybox_image)
    return path


@pytest.fixture
def make_cluster(tmp_path):
    """make_cluster(managers, workers, archive=None): a cluster whose managers run no tasks."""
    made = []

    def make(managers, workers, archive=None):
        cluster = cluster_hosts.Cluster(tmp_path / f"hosts{len(made)}", managers + workers,
                                        archive, [NO_TASKS] * managers)
        made.append(cluster)
        return cluster

    yield make
    for cluster in made:
        cluster.close()


def containers(cluster):
    return {host: sorted(host("ps", "-q", "--no-trunc").stdout.split()) for host in cluster.hosts}


def lead_by(cluster, host):
    """Whom the cluster's questions go to from now on."""
    cluster.hosts.remove(host)
    cluster.hosts.insert(0, host)


def is_answering(host):
    try:
        return "clusterArns" in host.api("ListClusters")
    except AssertionError:
        return False


def wait_for_leader(cluster):
    return wait_until(cluster.leader, cluster=cluster)


@pytest.mark.timeout(240)
def test_the_store_moves_to_etcd_under_writes_and_running_tasks(make_cluster, archive,
                                                                busybox_image):
    cluster = make_cluster(1, 2, archive)
    first, worker, second = cluster.hosts
    cluster.init()
    cluster.join(worker)
    wait_until(lambda: instances(cluster) == 1, cluster=cluster)
    arns = run_tasks(cluster, busybox_image, 2)
    wait_tasks(cluster, arns, "RUNNING")
    before = containers(cluster)
    writer = Writer(first)
    token = first("cluster", "token", "manager").stdout.strip()
    wait_until(lambda: len(writer.acknowledged) > 5)

    joined = cluster.join(second, token)
    time.sleep(1)
    writer.end()

    assert joined.stdout.startswith("This host is a manager of cluster ")
    assert writer.refused == [] and writer.longest_s < 30
    assert (first.root / "cluster" / "etcd.json").exists()
    wait_until(lambda: not (first.root / "cluster" / "store.db").exists())
    # What either manager says is the same, and nothing that was acknowledged is lost.
    wait_until(lambda: cluster.nodes()["host3"]["State"] == "connected", cluster=cluster)
    for host in (first, second):
        assert set(writer.acknowledged) <= cluster_names(host)
    assert {task["lastStatus"] for task in describe(cluster, arns)} == {"RUNNING"}
    assert containers(cluster) == before
    # The second one's calls are the leader's, and it serves root's CLI as the first does.
    assert second.api("CreateCluster", clusterName="by-the-second")["cluster"]["status"] == "ACTIVE"
    assert "by-the-second" in cluster_names(first)
    assert "host2" in second("node", "ls").stdout
    # Who is connected is what the one says that leads.
    wait_until(lambda: sorted(host.status().get("connectedNodes", 0) for host in (first, second))
               == [0, 3], cluster=cluster)


@pytest.mark.timeout(300)
def test_a_manager_killed_while_the_store_moves_has_one_of_the_two(make_cluster):
    cluster = make_cluster(2, 0)
    first, second = cluster.hosts
    cluster.init()
    token = first("cluster", "token", "manager").stdout.strip()
    seen = set()
    for number, delay_s in enumerate((0.02, 0.06, 0.1, 0.14, 0.18, 0.22, 0.26, 0.3, 0.4)):
        writer = Writer(first, f"r{number}x")
        joining = threading.Thread(target=cluster.join, args=(second, token, False))
        joining.start()
        time.sleep(delay_s)
        first.stop(signal.SIGKILL)
        writer.end()
        joining.join()
        first.start()
        wait_until(lambda: is_answering(first), cluster=cluster)
        is_etcd = (first.root / "cluster" / "etcd.json").exists()
        seen.add(is_etcd)
        assert is_etcd != (first.root / "cluster" / "store.db").exists()
        joined = second.status()["role"] == "manager"
        # With one of two gone there is no majority until it is back: then nothing is lost.
        wait_until(lambda: first.api("CreateCluster", clusterName=f"after{number}").get("cluster"),
                   90, cluster)
        assert set(writer.acknowledged) <= cluster_names(first)
        if joined:
            break
        first("node", "rm", "--force", "host2", check=False)
    assert seen  # Which of the two it was depends on the machine.


@pytest.mark.timeout(240)
def test_the_store_moves_once_for_two_managers_that_join_at_once(make_cluster):
    cluster = make_cluster(3, 0)
    first = cluster.manager
    cluster.init()
    first.api("CreateCluster", clusterName="before")
    token = first("cluster", "token", "manager").stdout.strip()

    with concurrent.futures.ThreadPoolExecutor() as pool:
        joined = list(pool.map(lambda host: cluster.join(host, token, False), cluster.hosts[1:]))

    assert [each.returncode for each in joined] == [0, 0], joined
    wait_until(lambda: cluster.nodes()["host3"]["State"] == "connected", cluster=cluster)
    assert first.log.read_text().count("store moved to etcd") == 1
    for host in cluster.hosts:
        wait_until(lambda: "before" in cluster_names(host), cluster=cluster)
    # With two votes the loss of one is that of the majority.
    wait_until(lambda: first.log.read_text().count("etcd member promoted") == 2, cluster=cluster)
    first.stop()
    wait_until(lambda: cluster.hosts[1].api("CreateCluster", clusterName="after").get("cluster"),
               90, cluster)


@pytest.mark.timeout(240)
def test_the_store_moves_once_for_two_workers_that_are_promoted_at_once(make_cluster):
    cluster = make_cluster(1, 2)
    first = cluster.manager
    cluster.init()
    for host in cluster.hosts[1:]:
        cluster.join(host)
    first.api("CreateCluster", clusterName="before")

    with concurrent.futures.ThreadPoolExecutor() as pool:
        told = list(pool.map(lambda name: first("node", "promote", name, check=False, timeout=150),
                             ("host2", "host3")))

    assert [each.returncode for each in told] == [0, 0], told
    assert first.log.read_text().count("store moved to etcd") == 1
    for host in cluster.hosts:
        wait_until(lambda: host.status()["role"] == "manager", 90, cluster)
        wait_until(lambda: "before" in cluster_names(host), cluster=cluster)


def test_a_manager_whose_store_is_gone_does_not_begin_an_empty_one(make_cluster, archive,
                                                                   busybox_image):
    cluster = make_cluster(1, 1, archive)
    first, worker = cluster.hosts
    cluster.init()
    cluster.join(worker)
    wait_until(lambda: instances(cluster) == 1, cluster=cluster)
    wait_tasks(cluster, run_tasks(cluster, busybox_image, 1), "RUNNING")
    before = containers(cluster)
    first.stop()
    for path in (first.root / "cluster").glob("store.db*"):
        path.unlink()

    with contextlib.suppress(AssertionError):  # It has a socket before it has looked.
        first.start()

    assert first.process.wait(timeout=60) == 1
    assert "the store is gone" in first.log.read_text()
    assert containers(cluster) == before


class Reader:
    """Asks a manager again and again."""

    def __init__(self, manager):
        self.answers = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(manager,))
        self._thread.start()

    def _run(self, manager):
        while not self._ends.is_set():
            self.answers.append(manager.api("ListTasks"))

    def end(self):
        self._ends.set()
        self._thread.join()
        return self.answers


@pytest.mark.timeout(300)
def test_a_killed_leader_is_followed_and_tasks_go_on(make_cluster, archive, busybox_image):
    cluster = make_cluster(3, 2, archive)
    cluster.init()
    cluster.lead_with(3)
    wait_until(lambda: instances(cluster) == 2, cluster=cluster)
    arns = run_tasks(cluster, busybox_image, 4)
    wait_tasks(cluster, arns, "RUNNING")
    before = containers(cluster)
    leader = wait_for_leader(cluster)
    other = next(host for host in cluster.hosts[:3] if host is not leader)
    reader = Reader(other)
    # So that a call is under way when it dies.
    leader.process.send_signal(signal.SIGSTOP)
    time.sleep(0.5)

    leader.stop(signal.SIGKILL)
    start = time.monotonic()
    started = other.api("RunTask", taskDefinition="sleeper", count=1)
    answered_s = time.monotonic() - start
    print(f"RunTask answered {answered_s:.2f} s after kill -9 of the leader")

    assert started["failures"] == [] and answered_s < 40
    new = started["tasks"][0]["taskArn"]
    lead_by(cluster, other)
    wait_tasks(cluster, [new], "RUNNING")
    answers = reader.end()
    assert len(answers) > 10 and all("taskArns" in answer for answer in answers), answers
    print(f"it runs after {time.monotonic() - start:.2f} s")
    assert {task["lastStatus"] for task in describe(cluster, arns)} == {"RUNNING"}
    after = containers(cluster)
    assert all(set(before[host]) <= set(after[host]) for host in before)
    # Back again it follows.
    leader.start()
    wait_until(lambda: sorted(node["State"] for node in cluster.nodes().values()) ==
               ["connected"] * 5, cluster=cluster)
    assert {task["lastStatus"] for task in describe(cluster, [*arns, new])} == {"RUNNING"}


@pytest.mark.timeout(300)
def test_without_a_majority_tasks_go_on_and_writes_say_so(make_cluster, archive, busybox_image):
    cluster = make_cluster(3, 1, archive)
    cluster.init()
    cluster.lead_with(3)
    wait_until(lambda: instances(cluster) == 1, cluster=cluster)
    arns = run_tasks(cluster, busybox_image, 2)
    wait_tasks(cluster, arns, "RUNNING")
    before = containers(cluster)

    for host in cluster.hosts[1:3]:
        host.stop(signal.SIGKILL)
    wait_until(lambda: "no majority" in cluster.manager("cluster", "status").stdout,
               cluster=cluster)
    refused = cluster.manager.api("CreateCluster", clusterName="refused")

    # What is known is told.
    assert {task["lastStatus"] for task in describe(cluster, arns)} == {"RUNNING"}
    assert refused["__type"] == "ServerException"
    assert "majority" in refused["message"], refused
    # It ends without waiting for the others.
    start = time.monotonic()
    cluster.manager.stop()
    assert time.monotonic() - start < 25
    cluster.manager.start()
    wait_until(lambda: "etcdMembers" in cluster.manager.status())
    assert containers(cluster) == before
    # Recovery needs no hand, also though the third was started anew meanwhile.
    for host in cluster.hosts[1:3]:
        host.start()
    wait_until(lambda: is_answering(cluster.manager), cluster=cluster)
    wait_until(lambda: cluster.manager.api("CreateCluster", clusterName="kept").get("cluster"),
               120, cluster)
    wait_until(lambda: {node["State"] for node in cluster.nodes().values()} == {"connected"},
               cluster=cluster)
    assert {task["lastStatus"] for task in describe(cluster, arns)} == {"RUNNING"}
    assert containers(cluster) == before


@pytest.mark.timeout(300)
def test_a_manager_that_is_gone_for_good_is_replaced(make_cluster):
    cluster = make_cluster(4, 0)
    cluster.init()
    spare = cluster.hosts.pop()
    cluster.lead_with(3)
    gone = cluster.hosts[2]
    gone.stop(signal.SIGKILL)
    wait_until(lambda: cluster.nodes()["host3"]["State"] == "dead", cluster=cluster)

    cluster.manager("node", "rm", "--force", "host3")
    token = cluster.manager("cluster", "token", "manager").stdout.strip()
    cluster.hosts.append(spare)
    cluster.join(spare, token)
    wait_until(lambda: cluster.nodes()["host4"]["State"] == "connected", cluster=cluster)

    # It counts: with one more gone there is still a majority.
    wait_until(lambda: spare.status().get("etcd") == "reachable", cluster=cluster)
    cluster.hosts[1].stop(signal.SIGKILL)
    wait_until(lambda: spare.api("CreateCluster", clusterName="kept")["cluster"]["status"] ==
               "ACTIVE", cluster=cluster)
    # The one that was removed finds that it is.
    gone.start()
    wait_until(lambda: "does not know this node any more" in gone.log.read_text(),
               cluster=cluster)
    assert "host3" not in cluster.nodes()


@pytest.mark.timeout(300)
def test_managers_leave_down_to_the_last(make_cluster):
    cluster = make_cluster(3, 0)
    cluster.init()
    cluster.lead_with(3)
    cluster.manager.api("CreateCluster", clusterName="kept")
    leader = wait_for_leader(cluster)

    left = leader("cluster", "leave", check=False)
    assert left.returncode == 0, left.stderr + "".join(h.log.read_text() for h in cluster.hosts)
    wait_until(lambda: leader("cluster", "status", check=False).stdout == "Role: none\n",
               cluster=cluster)
    assert not (leader.root / "cluster" / "etcd").exists()
    cluster.hosts.remove(leader)
    wait_until(lambda: len(cluster.nodes()) == 2, cluster=cluster)
    wait_for_leader(cluster)
    cluster.hosts[1]("cluster", "leave")

    last = cluster.manager
    wait_until(lambda: len(cluster.nodes()) == 1, cluster=cluster)
    wait_until(lambda: last.api("CreateCluster", clusterName="alone")["cluster"]["status"] ==
               "ACTIVE", cluster=cluster)
    assert {"kept", "alone"} <= cluster_names(last)
    assert "use --force" in last("cluster", "leave", check=False).stderr
    cluster.hosts.append(leader)


@pytest.mark.timeout(240)
def test_a_backup_of_several_managers_makes_one(make_cluster, tmp_path):
    cluster = make_cluster(4, 0)
    made = cluster.init()
    spare = cluster.hosts.pop()
    cluster.lead_with(3)
    cluster.manager.api("CreateCluster", clusterName="kept")
    backup = tmp_path / "backup"
    cluster.hosts[1]("cluster", "backup", backup)
    for host in cluster.hosts:
        host.stop(signal.SIGKILL)

    spare("cluster", "restore", backup, "--name", "new")
    cluster.hosts.insert(0, spare)

    assert spare.status()["cluster"] == made["cluster"]
    assert "kept" in cluster_names(spare)
    wait_until(lambda: list(cluster.nodes()) == ["new"], cluster=cluster)


@pytest.mark.timeout(120)
def test_without_etcd_no_host_becomes_a_second_manager(make_cluster, tmp_path):
    cluster = make_cluster(2, 0)
    first, second = cluster.hosts
    cluster.init()
    token = first("cluster", "token", "manager").stdout.strip()
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "nsenter").symlink_to(shutil.which("nsenter"))
    for host in (second, first):
        path = host.environment["PATH"]
        host.stop()
        host.environment["PATH"] = str(programs)
        host.start()
        host.environment["PATH"] = path
        wait_until(lambda: is_answering(first), cluster=cluster)
        refused = cluster.join(second, token, check=False)
        assert refused.returncode == 1
        assert "install the package etcd-server" in refused.stderr, refused.stderr
        assert len(refused.stderr.splitlines()) == 1
        host.stop()
        host.start()
    assert list(cluster.nodes()) == ["vm"] or len(cluster.nodes()) == 1
    cluster.join(second, token)
