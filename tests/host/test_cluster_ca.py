"""The authorities of a cluster are exchanged while it works, and while hosts die."""

import json
import signal
import subprocess
import threading
import time

import pytest

import cluster_hosts
from cluster_faults import paused
from cluster_hosts import NO_TASKS, run_tasks, wait_tasks, wait_until
from cluster_writes import Writer

VALUE = "correct horse battery staple"


@pytest.fixture
def make_cluster(tmp_path, shared_ikada, busybox_image):
    archive = tmp_path / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    made = []

    def make(count, managers):
        cluster = cluster_hosts.Cluster(tmp_path / "hosts", count, archive, [NO_TASKS] * managers)
        made.append(cluster)
        return cluster

    yield make
    for cluster in made:
        cluster.close()


class Verifier(threading.Thread):
    """Asks the API over TLS again and again, and verifies it by the manager's ca.pem."""

    def __init__(self, host):
        super().__init__(daemon=True)
        self.host, self.count, self.failed, self.is_over = host, 0, [], False
        self.start()

    def run(self):
        while not self.is_over:
            told = self.host.run("curl", "-sS", "-m", "30", "--cacert",
                                 self.host.root / "cluster" / "ca.pem", "-d", "{}",
                                 f"https://{self.host.address}:7440/", check=False)
            self.count += 1
            # Nobody has signed it: what counts is that there is an answer to be trusted.
            if told.returncode != 0 or not told.stdout:
                self.failed.append(told.stderr)
            time.sleep(0.02)

    def end(self):
        self.is_over = True
        self.join(timeout=60)


def keys_of(host):
    return json.loads((host.root / "cluster" / "authority.json").read_text())


def phase(host):
    return host.status()["ca"]["phase"]


def print_secret(cluster, image):
    arn, = run_tasks(cluster, image, 1, "echo $MINE; sleep 1000",
                     secrets=[{"name": "MINE", "valueFrom": "db"}])
    task, = wait_tasks(cluster, [arn], "RUNNING")
    wait_until(lambda: cluster.manager("task", "logs", arn.split("/")[-1]).stdout ==
               VALUE + "\n", cluster=cluster)
    return task


def shake_hands(host, to, port, **files):
    """What openssl says of a TLS connection to that host with that certificate."""
    words = [word for name, path in files.items() for word in (f"-{name}", path)]
    told = host.run("timeout", "20", "openssl", "s_client", "-connect", f"{to.address}:{port}",
                    "-tls1_3", "-ign_eof", *words, stdin=subprocess.DEVNULL, check=False)
    return told.stdout + told.stderr


def keep_identity(host, directory):
    """The node's certificate and key as they are now, and etcd's of a manager, as files."""
    node = json.loads((host.root / "node.json").read_text())
    for name in ("certificate", "key", "authority"):
        (directory / name).write_text(node[name])
    store = host.root / "cluster" / "etcd"
    for name in ("client.pem", "client.key", "ca.pem"):
        (directory / name).write_text((store / name).read_text())


def is_refused_by_etcd(host, directory, authority):
    told = host.run("curl", "-sS", "-m", "20", "--cacert", authority, "--cert",
                    directory / "client.pem", "--key", directory / "client.key",
                    f"https://{host.address}:7443/health", check=False)
    return told.returncode != 0


@pytest.mark.timeout(180)
def test_authorities_are_exchanged_under_load_while_the_leader_dies(
        make_cluster, busybox_image, tmp_path):
    cluster = make_cluster(5, 3)
    worker, spare = cluster.hosts[3:]
    cluster.hosts = cluster.hosts[:4]
    try:
        exchange(cluster, worker, spare, busybox_image, tmp_path)
    finally:
        cluster.hosts.append(spare)


def exchange(cluster, worker, spare, image, directory):
    cluster.init()
    cluster.lead_with(3)
    managers = cluster.hosts[:3]
    wait_until(lambda: cluster_hosts.instances(cluster) == 1, cluster=cluster)
    cluster.manager("secret", "create", "db", "-", input=VALUE)
    task = print_secret(cluster, image)
    leader = wait_until(cluster.leader, cluster=cluster)
    stays = next(host for host in managers if host is not leader)
    old_keys, old_token = keys_of(stays), stays("cluster", "token", "worker").stdout.strip()
    keep_identity(stays, directory)
    assert not is_refused_by_etcd(stays, directory, directory / "ca.pem")
    writer, verifier = Writer(stays, pause_s=0.01), Verifier(stays)

    told = []
    rotating = threading.Thread(target=lambda: told.append(
        stays("cluster", "rotate-ca", check=False, timeout=120)))
    began = time.monotonic()
    # One that does not answer keeps it from coming to an end.
    with paused(next(host for host in managers if host not in (leader, stays))):
        rotating.start()
        wait_until(lambda: phase(stays) == "trust", cluster=cluster)
        again = stays("cluster", "rotate-ca", check=False)
        assert again.returncode == 1 and "already (phase" in again.stderr
    leader.stop(signal.SIGKILL)
    time.sleep(2)
    leader.start()
    rotating.join()
    print(f"exchange with a dead leader: {time.monotonic() - began:.1f} s")
    verifier.end()
    writer.end()

    assert told[0].returncode == 0, told[0].stdout + told[0].stderr
    print(told[0].stdout)
    lines = told[0].stdout.splitlines()
    assert "All hosts trust both." in lines and "All certificates are of the new one." in lines
    # One may have been under way when the leader died.
    assert len(writer.refused) <= 1 and verifier.failed == [], verifier.failed[:3]
    print(f"{len(writer.acknowledged)} changes, {verifier.count} verified calls; "
          f"the longest change took {writer.longest_s:.1f} s")
    check_the_old_is_gone(cluster, worker, old_keys, directory)
    # The task was not touched, and its secret is still one.
    now, = cluster_hosts.describe(cluster, [task["taskArn"]])
    assert (now["lastStatus"], now["startedAt"]) == ("RUNNING", task["startedAt"])
    print_secret(cluster, image)

    refused = cluster.join(spare, old_token, check=False)
    assert refused.returncode == 1 and len(refused.stderr.splitlines()) == 1
    assert "make a new one there with ikada cluster token" in refused.stderr
    tokens = {line.split()[3].rstrip(":"): line.split()[-1] for line in lines
              if line.startswith("New join token")}
    assert sorted(tokens) == ["manager", "worker"]
    assert "is a worker of" in cluster.join(spare, tokens["worker"]).stdout
    exchange_again(cluster, stays)


def exchange_again(cluster, host):
    """Nobody dies this time, and nothing fails."""
    wait_until(lambda: {node["State"] for node in cluster.nodes().values()} == {"connected"},
               cluster=cluster)
    before = keys_of(host)
    writer, verifier = Writer(host, "again", pause_s=0.01), Verifier(host)
    began = time.monotonic()
    host("cluster", "rotate-ca", timeout=120)
    print(f"exchange: {time.monotonic() - began:.1f} s")
    verifier.end()
    writer.end()
    assert writer.refused == [] and verifier.failed == [], verifier.failed[:3]
    assert keys_of(host)["key"] != before["key"]
    print(f"{len(writer.acknowledged)} changes, {verifier.count} verified calls, none failed; "
          f"the longest change took {writer.longest_s:.1f} s")


def check_the_old_is_gone(cluster, worker, old_keys, directory):
    for host in cluster.hosts[:3]:
        keys = keys_of(host)
        kept = json.dumps(keys)
        assert json.dumps(old_keys["key"]) not in kept and "next" not in keys
        assert json.dumps(old_keys["storeKey"]) not in kept and "former" not in keys
        assert keys["sealingKeys"] == old_keys["sealingKeys"]
        authorities = (host.root / "cluster" / "ca.pem").read_text()
        assert authorities == keys["certificate"] != old_keys["certificate"]
        assert (host.root / "cluster" / "etcd" / "ca.pem").read_text() == keys["storeCertificate"]
        refused = shake_hands(worker, host, 7442, cert=directory / "certificate",
                              key=directory / "key")
        assert "alert" in refused and "unknown ca" in refused.lower(), refused
        assert is_refused_by_etcd(host, directory, host.root / "cluster" / "etcd" / "ca.pem")
    for host in cluster.hosts:
        node = json.loads((host.root / "node.json").read_text())
        assert node["authority"] == keys_of(cluster.manager)["certificate"]
        assert "otherAuthorities" not in node
    assert {node["State"] for node in cluster.nodes().values()} == {"connected"}
    assert len({tuple(keys_of(host)["key"]) for host in cluster.hosts[:3]}) == 1


@pytest.mark.timeout(120)
def test_one_manager_exchanges_its_authority_twice_and_a_host_that_was_away_is_told(
        make_cluster, busybox_image):
    cluster = make_cluster(2, 1)
    manager, worker = cluster.hosts
    cluster.init()
    cluster.join(worker)
    wait_until(lambda: cluster_hosts.instances(cluster) == 1, cluster=cluster)
    manager("secret", "create", "db", "-", input=VALUE)
    first = keys_of(manager)
    assert manager("cluster", "rotate-ca").returncode == 0
    second = keys_of(manager)
    assert first["key"] != second["key"]
    wait_until(lambda: cluster.nodes()["host2"]["State"] == "connected", cluster=cluster)
    print_secret(cluster, busybox_image)

    worker.stop(signal.SIGKILL)
    waits = manager("cluster", "rotate-ca", "--timeout", "1s", check=False)
    assert waits.returncode == 1 and "waits for host2" in waits.stderr
    assert "already (phase trust)" in manager("cluster", "rotate-ca", check=False).stderr
    wait_until(lambda: "CA rotation waits for: host2 (away)" in
               manager("cluster", "status").stdout, cluster=cluster)
    # The manager dies in it, too.
    manager.stop(signal.SIGKILL)
    manager.start()
    wait_until(lambda: phase(manager) == "trust", cluster=cluster)
    wait_until(lambda: "CA rotation waits for: host2 (away)" in
               manager("cluster", "status").stdout, cluster=cluster)
    told = manager("cluster", "rotate-ca", "--force").stdout
    assert "is gone." in told
    assert keys_of(manager)["key"] not in (first["key"], second["key"])

    worker.start()
    wait_until(lambda: "join again with a new token" in worker.status().get("refused", ""),
               cluster=cluster)
    assert "Refused: " in worker("cluster", "status").stdout
    worker("cluster", "leave", "--force")
    token = next(line.split()[-1] for line in told.splitlines() if "token, worker" in line)
    wait_until(lambda: cluster.join(worker, token, check=False).returncode == 0, cluster=cluster)
    # Its old node is still on record.
    wait_until(lambda: any(node["state"] == "connected" and node["role"] == "worker" and
                           node.get("instance") for node in cluster.inspect()), cluster=cluster)
    print_secret(cluster, busybox_image)
