"""A manager and its workers: joining, tasks on other hosts, hosts that go."""

import json
import signal
import time

import pytest

import cluster_hosts
import programs
from cluster_hosts import describe, instances, run_tasks, wait_tasks, wait_until


@pytest.fixture(scope="module")
def archive(tmp_path_factory, shared_ikada, busybox_image):
    path = tmp_path_factory.mktemp("archive") / "busybox.tar"
    shared_ikada("save", "-o", path, busybox_image)
    return path


@pytest.fixture
def pair(tmp_path):
    cluster = cluster_hosts.Cluster(tmp_path / "hosts", 2)
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def trio(tmp_path_factory, archive):
    """A manager that runs no tasks and two workers, each with the image."""
    cluster = cluster_hosts.Cluster(
        tmp_path_factory.mktemp("hosts") / "trio", 3, archive, [{"run_tasks": False}])
    cluster.init()
    for host in cluster.hosts[1:]:
        cluster.join(host)
    wait_until(lambda: instances(cluster) == 2, cluster=cluster)
    yield cluster
    cluster.close()


def stop_all(cluster, arns):
    for arn in arns:
        cluster.manager.api("StopTask", task=arn)
    wait_tasks(cluster, arns, "STOPPED")


def test_init_and_join_and_who_is_there(pair):
    manager, worker = pair.hosts
    assert manager("cluster", "status").stdout == "Role: none\n"

    made = pair.init()
    joined = pair.join(worker)

    assert made["workerToken"].startswith("IKADA-1-")
    assert joined.stdout.startswith(f"This host is a worker of cluster {made['cluster']}, node ")
    nodes = wait_until(lambda: pair.nodes() if instances(pair) == 2 else None, cluster=pair)
    assert {node["State"] for node in nodes.values()} == {"connected"}
    assert sorted(node["Role"] for node in nodes.values()) == ["manager", "worker"]
    assert nodes["host2"]["Address"] == worker.address
    status = json.loads(worker("cluster", "status", "-f", "json").stdout)
    assert (status["role"], status["cluster"]) == ("worker", made["cluster"])


def test_the_api_is_served_to_other_hosts_with_tls(pair, tmp_path):
    manager, worker = pair.hosts
    made = pair.init()
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "AWS_PAGER": "",
                   "AWS_ACCESS_KEY_ID": made["accessKeyId"],
                   "AWS_SECRET_ACCESS_KEY": made["secretAccessKey"],
                   "AWS_CA_BUNDLE": str(manager.root / "cluster" / "ca.pem"),
                   "AWS_EC2_METADATA_DISABLED": "true"}

    def aws(**changes):
        return worker.run("/usr/bin/aws", "--region", "us-east-1", "--output", "json",
                          "--endpoint-url", f"https://{manager.address}:7440", "ecs",
                          "list-container-instances", env={**environment, **changes}, check=False)

    wait_until(lambda: instances(pair) == 1, cluster=pair)
    assert len(json.loads(aws().stdout)["containerInstanceArns"]) == 1
    assert "UnrecognizedClientException" in aws(AWS_ACCESS_KEY_ID="AKIAUNKNOWN").stderr
    assert "certificate verify failed" in aws(AWS_CA_BUNDLE="/etc/ssl/certs/ca-certificates.crt"
                                              ).stderr
    # Plain HTTP to it is no way in.
    plain = worker.run("curl", "-sS", "-m", "5", f"http://{manager.address}:7440/", check=False)
    assert plain.returncode != 0
    for version in ("1.2", "1.3"):
        text = worker.run("curl", "-sS", "--cacert", environment["AWS_CA_BUNDLE"],
                          f"--tlsv{version}", "--tls-max", version, "-d", "{}",
                          f"https://{manager.address}:7440/").stdout
        assert "MissingAuthenticationToken" in text


def test_what_cannot_join(pair):
    manager, worker = pair.hosts
    refused = pair.join(worker, "IKADA-1-" + "a" * 50 + "-" + "b" * 25, check=False)
    assert refused.returncode == 1
    assert refused.stderr == (f"ikada cluster join: manager {manager.address}:7442: connect: "
                              "Connection refused\n")
    pair.init()
    # Another cluster's token is no good, and its secret is not told.
    authority, secret = pair.token.split("-")[2:]
    strange = pair.join(worker, f"IKADA-1-{'a' * 50}-{secret}", check=False)
    assert "the token is another cluster's" in strange.stderr
    assert len(strange.stderr.splitlines()) == 1
    wrong = pair.join(worker, f"IKADA-1-{authority}-{'b' * 25}", check=False)
    assert wrong.stderr.endswith("the join token is not valid\n")
    assert wrong.returncode == 1
    assert "no token" not in manager.log.read_text()
    # A new token makes the old one void.
    old = pair.token
    pair.token = manager("cluster", "token").stdout.strip()
    assert pair.join(worker, old, check=False).stderr.endswith("the join token is not valid\n")
    soon = manager("cluster", "token", "--expires", "1s").stdout.strip()
    time.sleep(1.1)
    assert pair.join(worker, soon, check=False).stderr.endswith("the join token has expired\n")
    # Twice in a row, of both kinds.
    pair.token = manager("cluster", "token").stdout.strip()
    pair.join(worker)
    again = pair.join(worker, check=False)
    assert again.stderr == "ikada cluster join: this host is in a cluster already\n"
    assert "in a cluster already" in manager("cluster", "init", check=False).stderr
    for secret in (pair.token, old, soon):
        assert secret.split("-")[3] not in manager.log.read_text() + worker.log.read_text()


def test_a_host_with_another_ones_name_or_address_is_refused(pair):
    manager, worker = pair.hosts
    pair.init()
    taken = list(pair.nodes())[0]

    def refused(*options):
        told = worker("cluster", "join", *options, manager.address, input=pair.token, check=False)
        assert told.returncode == 1 and len(told.stderr.splitlines()) == 1, told.stderr
        assert worker("cluster", "status", check=False).stdout == "Role: none\n"
        assert list(pair.nodes()) == [taken]
        assert not (worker.root / "node.json").exists()
        return told.stderr.removeprefix("ikada cluster join: ").strip()

    assert refused("--advertise-addr", manager.address) == (
        f"{manager.address} is no address of this host, which has {worker.address}")
    assert "stands for all addresses" in refused("--advertise-addr", "0.0.0.0")
    assert "other hosts do not reach this one by 127.0.0.1" in refused(
        "--name", "w", "--advertise-addr", "127.0.0.1")
    assert refused("--name", taken).endswith(
        f"manager {taken} has this name: say another with --name; if it is gone, remove it with "
        "ikada node rm --force")
    pair.join(worker)
    assert "host2" in pair.nodes()


def test_init_at_an_address_that_the_host_has_not_makes_nothing(pair):
    told = pair.manager("cluster", "init", "--advertise-addr", "192.0.2.99", check=False)
    assert told.returncode == 1
    assert told.stderr == ("ikada cluster init: 192.0.2.99 is no address of this host, which has "
                           f"{pair.manager.address}\n")
    assert pair.manager("cluster", "status", check=False).stdout == "Role: none\n"
    # One host alone may be where nobody else is.
    alone = pair.manager("cluster", "init", "--advertise-addr", "127.0.0.1")
    assert "no other host can join" in alone.stderr


def test_leaving_and_coming_back(pair):
    manager, worker = pair.hosts
    pair.init()
    pair.join(worker)
    wait_until(lambda: instances(pair) == 2, cluster=pair)

    worker("cluster", "leave")

    assert list(pair.nodes()) != [] and "host2" not in pair.nodes()
    assert instances(pair) == 1
    wait_until(lambda: worker("cluster", "status", check=False).stdout == "Role: none\n",
               cluster=pair)
    pair.join(worker)
    wait_until(lambda: instances(pair) == 2, cluster=pair)
    # A manager goes last, and only if that is meant.
    assert "1 other node is in it" in manager("cluster", "leave", check=False).stderr
    worker("cluster", "leave")
    assert "use --force" in manager("cluster", "leave", check=False).stderr
    manager("cluster", "leave", "--force")
    wait_until(lambda: manager("cluster", "status", check=False).stdout == "Role: none\n",
               cluster=pair)
    assert not (manager.root / "node.json").exists()
    pair.init()


def test_a_host_without_a_route_says_that_nobody_can_join(tmp_path):
    alone = cluster_hosts.Cluster(tmp_path / "hosts", 1)
    try:
        made = alone.manager("cluster", "init")
        assert made.stderr == (
            "ikada cluster init: no other host can join, because this one's address is 127.0.0.1: "
            "say one that others reach with --advertise-addr\n")
        alone.manager("cluster", "leave", "--force")
        wait_until(lambda: alone.manager("cluster", "status", check=False).stdout
                   == "Role: none\n", cluster=alone)
        # Nothing of the cluster is left.
        assert list((alone.manager.root / "cluster").iterdir()) == []
        alone.manager.run("ip", "route", "add", "default", "dev", "eth0")
        assert alone.manager("cluster", "init").stderr == ""
    finally:
        alone.close()


def test_init_on_a_disk_that_is_too_small_says_so_in_words(tmp_path):
    alone = cluster_hosts.Cluster(tmp_path / "hosts", 1)
    directory = alone.manager.root / "cluster"
    directory.mkdir(parents=True)
    programs.run("mount", "-t", "tmpfs", "-o", "size=4k", "none", directory)
    try:
        said = []
        for kilobytes in (4, 16, 32, 64, 96, 128, 4096):
            programs.run("mount", "-o", f"remount,size={kilobytes}k", directory)
            made = alone.manager("cluster", "init", "--advertise-addr", alone.manager.address,
                                 check=False)
            if made.returncode == 0:
                break
            said.append(made.stderr)
            wait_until(lambda: alone.manager("cluster", "status", check=False).stdout
                       == "Role: none\n", cluster=alone)
        assert made.returncode == 0 and said != []
        for line in said:
            assert line.count("\n") == 1
            assert not any(word in line for word in ("INSERT", "CREATE", "PRAGMA", "COMMIT")), line
        alone.manager("cluster", "leave", "--force")
    finally:
        alone.close()
        programs.run("umount", directory)


def test_a_backup_puts_another_host_in_the_managers_place(tmp_path):
    cluster = cluster_hosts.Cluster(tmp_path / "hosts", 3, agents=[{"run_tasks": False}] * 3)
    try:
        manager, worker, spare = cluster.hosts
        made = cluster.init()
        cluster.join(worker)
        manager.api("CreateCluster", clusterName="kept")
        backup = tmp_path / "backup"
        manager("cluster", "backup", backup)
        manager.api("CreateCluster", clusterName="late")
        assert backup.stat().st_mode & 0o777 == 0o600
        assert "no manager" in worker("cluster", "backup", tmp_path / "x", check=False).stderr
        assert "not written to stdout" in manager("cluster", "backup", "-", check=False).stderr
        whole = backup.read_bytes()
        damaged = tmp_path / "damaged"
        for content in (b"", whole[:200], whole[:-1], whole[:-5000] + b"x" + whole[-4999:],
                        whole[:150] + b"x" + whole[151:]):
            damaged.write_bytes(content)
            refused = spare("cluster", "restore", damaged, check=False)
            assert refused.returncode == 1 and str(damaged) in refused.stderr, refused.stderr
            assert len(refused.stderr.splitlines()) == 1
            assert not list((spare.root / "cluster").glob("*.json"))

        # The manager's host is gone, another one gets its address.
        manager.stop(signal.SIGKILL)
        manager.run("ip", "address", "del", f"{manager.address}/16", "dev", "eth0")
        spare.run("ip", "address", "del", f"{spare.address}/16", "dev", "eth0")
        spare.run("ip", "address", "add", f"{manager.address}/16", "dev", "eth0")
        worker.run("ip", "neigh", "flush", "all")  # As a gratuitous ARP does.
        spare("cluster", "restore", backup, "--advertise-addr", manager.address, "--name", "new")
        assert json.loads(spare("cluster", "status", "-f", "json").stdout)[
            "cluster"] == made["cluster"]
        arns = spare.api("ListClusters")["clusterArns"]
        assert [arn.rsplit("/", 1)[1] for arn in arns] == ["kept"]
        wait_until(lambda: json.loads(worker("cluster", "status", "-f", "json").stdout)[
            "connected"], cluster=cluster)
        wait_until(lambda: sorted(spare("node", "ls", "--format", "{{.Name}} {{.State}}").stdout
                                  .splitlines()) == ["host2 connected", "new * connected"],
                   cluster=cluster)
        assert "in a cluster already" in spare("cluster", "restore", backup, check=False).stderr
    finally:
        cluster.close()


@pytest.mark.timeout(240)
def test_tasks_run_on_other_hosts_and_stop_there(trio, busybox_image):
    arns = run_tasks(trio, busybox_image, 4)
    tasks = wait_tasks(trio, arns, "RUNNING")

    used = {task["containerInstanceArn"] for task in tasks}
    assert len(used) == 2
    for host in trio.hosts[1:]:
        assert len(host("ps", "-q").stdout.split()) == 2
    stop_all(trio, arns)
    tasks = describe(trio, arns)
    assert {task["stopCode"] for task in tasks} == {"UserInitiated"}
    assert {task["containers"][0]["exitCode"] for task in tasks} == {137}
    for host in trio.hosts[1:]:
        assert host("ps", "-q").stdout == ""


@pytest.mark.timeout(240)
def test_daemons_that_die_lose_nothing(trio, busybox_image):
    arns = run_tasks(trio, busybox_image, 2)
    wait_tasks(trio, arns, "RUNNING")
    before = {host: host("ps", "-q", "--no-trunc").stdout for host in trio.hosts[1:]}

    for host in trio.hosts:
        host.stop(signal.SIGKILL)
    for host in trio.hosts:
        host.start()

    wait_until(lambda: {node["State"] for node in trio.nodes().values()} == {"connected"},
               cluster=trio)
    assert {task["lastStatus"] for task in describe(trio, arns)} == {"RUNNING"}
    assert {host: host("ps", "-q", "--no-trunc").stdout for host in trio.hosts[1:]} == before
    stop_all(trio, arns)


@pytest.mark.timeout(240)
def test_a_task_that_ends_while_the_manager_is_away_is_reported_later(trio, busybox_image):
    arns = run_tasks(trio, busybox_image, 2, "until test -e /go; do sleep 0.1; done; exit 4")
    wait_tasks(trio, arns, "RUNNING")
    trio.manager.stop(signal.SIGKILL)
    for host in trio.hosts[1:]:
        host("exec", host("ps", "-q").stdout.strip(), "touch", "/go")
    wait_until(lambda: not any(host("ps", "-q").stdout for host in trio.hosts), cluster=trio)
    trio.manager.start()
    # As long as it knows none it does not say that there is none.
    told = trio.manager("node", "ls", "-q", check=False)

    tasks = wait_tasks(trio, arns, "STOPPED")

    assert len(told.stdout.split()) == 3 or "cannot be read yet, try again" in told.stderr
    assert {task["containers"][0]["exitCode"] for task in tasks} == {4}
    assert {task["stopCode"] for task in tasks} == {"EssentialContainerExited"}


@pytest.mark.timeout(240)
def test_a_lost_host_is_seen_and_its_surplus_stopped_when_it_returns(trio, busybox_image):
    arns = run_tasks(trio, busybox_image, 2)
    wait_tasks(trio, arns, "RUNNING")
    lost = trio.hosts[2]
    container = lost("ps", "-q").stdout.split()
    assert len(container) == 1

    start = time.monotonic()
    lost.net.set_link(False)
    stopped = wait_until(lambda: [task for task in describe(trio, arns)
                                  if task["lastStatus"] == "STOPPED"], cluster=trio)
    took = time.monotonic() - start

    assert len(stopped) == 1 and took < 25
    assert stopped[0]["stoppedReason"].startswith("Host EC2 (instance ")
    assert trio.nodes()["host3"]["State"] == "dead"
    # Its container goes on as long as nobody tells it otherwise.
    assert lost("ps", "-q").stdout.split() == container

    lost.net.set_link(True)
    wait_until(lambda: trio.nodes()["host3"]["State"] == "connected", cluster=trio)
    wait_until(lambda: lost("ps", "-q").stdout == "", cluster=trio)
    stop_all(trio, [task["taskArn"] for task in describe(trio, arns)
                    if task["lastStatus"] != "STOPPED"])


def test_a_drained_node_gets_no_tasks(trio, busybox_image):
    trio.manager("node", "drain", "host2")
    assert trio.nodes()["host2"]["Status"] == "DRAINING"
    arns = run_tasks(trio, busybox_image, 2)
    wait_tasks(trio, arns, "RUNNING")
    assert trio.hosts[1]("ps", "-q").stdout == ""
    trio.manager("node", "activate", "host2")
    assert trio.nodes()["host2"]["Status"] == "ACTIVE"
    stop_all(trio, arns)


@pytest.mark.timeout(240)
def test_leaving_with_tasks_and_being_removed(trio, busybox_image):
    arns = run_tasks(trio, busybox_image, 2)
    wait_tasks(trio, arns, "RUNNING")
    refused = trio.hosts[1]("cluster", "leave", check=False)
    assert refused.stderr == "ikada cluster leave: 1 task runs here\n"
    assert "is connected" in trio.manager("node", "rm", "host3", check=False).stderr

    trio.hosts[1]("cluster", "leave", "--force")

    assert trio.hosts[1]("ps", "-q").stdout == ""
    # Who was removed is refused from then on.
    trio.manager("node", "rm", "--force", "host3")
    assert "host3" not in trio.nodes()
    wait_until(lambda: "the cluster does not know this node" in trio.hosts[2].log.read_text(),
               cluster=trio)
    trio.hosts[2].stop(signal.SIGKILL)
    trio.hosts[2].start()
    time.sleep(1)
    assert "host3" not in trio.nodes()
