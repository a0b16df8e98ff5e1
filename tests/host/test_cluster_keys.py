"""The key of gossip is exchanged under load, while hosts and leaders die."""

import json
import signal
import threading
import time

import pytest

import cluster_hosts
from cluster_hosts import NO_TASKS, wait_until
from cluster_writes import Writer


@pytest.fixture
def make_cluster(tmp_path):
    made = []

    def make(count):
        cluster = cluster_hosts.Cluster(tmp_path / "hosts", count, None, [NO_TASKS] * count)
        made.append(cluster)
        return cluster

    yield make
    for cluster in made:
        cluster.close()


def gossip(host):
    return host.status()["gossip"]


def packet_keys(host):
    return json.loads((host.root / "node.json").read_text())["packetKeys"]


def failures(hosts):
    """Who was taken for dead, in the hosts' logs."""
    return [line for host in hosts for line in host.log.read_text().splitlines()
            if "gossip failed" in line]


def all_have(cluster, hosts, keys):
    wait_until(lambda: all(gossip(host)["keys"] == keys for host in hosts), cluster=cluster)


@pytest.mark.timeout(120)
def test_a_key_is_exchanged_under_load_and_a_host_that_was_away_gets_in(make_cluster):
    cluster = make_cluster(4)
    first, second, third, away = cluster.hosts
    cluster.init()
    for host in (second, third, away):
        cluster.join(host)
    wait_until(lambda: {node["State"] for node in cluster.nodes().values()} == {"connected"},
               cluster=cluster)
    old = gossip(first)["key"]
    secret = packet_keys(first)[0]
    assert gossip(away) == {"key": old, "keys": [old], "phase": ""}
    writer = Writer(first)

    # Twice in a row; the second time one host is away.
    told = first("cluster", "rotate-key").stdout
    new = gossip(first)["key"]
    assert new != old
    assert told.splitlines() == [f"New key {new}, in the place of {old}.",
                                 f"{new} is on all hosts.", f"{new} is in use on all hosts.",
                                 f"{old} is gone."]
    all_have(cluster, cluster.hosts, [new])
    assert failures(cluster.hosts) == []
    assert secret not in "".join(map(str, (packet_keys(host) for host in cluster.hosts)))

    rotating = threading.Thread(target=lambda: first("cluster", "rotate-key"))
    rotating.start()
    away.stop(signal.SIGKILL)
    rotating.join()
    newest = gossip(first)["key"]
    all_have(cluster, [first, second, third], [newest])
    assert newest not in (old, new) and secret not in str(packet_keys(away))

    name = f"host{away.net.number}"
    wait_until(lambda: cluster.nodes()[name]["State"] == "dead", cluster=cluster)
    away.start()
    all_have(cluster, [away], [newest])
    wait_until(lambda: cluster.nodes()[name]["State"] == "connected", cluster=cluster)
    wait_until(lambda: "gossip joined" in away.log.read_text().split("gossip keys=")[-1] or
               "gossip cleared" in away.log.read_text().split("gossip keys=")[-1],
               cluster=cluster)
    writer.end()
    assert writer.refused == []
    dead = {line.rsplit("=", 1)[1] for line in failures([first, second, third])}
    assert dead <= {away.status()["node"]}
    # Who joins gets the key that is in use.
    assert "Gossip key: " + newest in away("cluster", "status").stdout
    keys = json.loads((first.root / "cluster" / "authority.json").read_text())["packetKeys"]
    assert keys == packet_keys(first)
    logs = "".join(host.log.read_text() for host in cluster.hosts)
    assert all(key not in logs for key in [secret, *keys])
    assert '"eventName":"ClusterKey"' in (first.root / "audit" / "log").read_text()
    refused = second("cluster", "rotate-key", check=False)
    assert refused.returncode == 1 and "no manager" in refused.stderr


@pytest.mark.timeout(120)
def test_a_leader_killed_in_the_middle_of_a_rotation_is_followed_in_it(make_cluster):
    cluster = make_cluster(4)
    cluster.init()
    cluster.lead_with(3)
    leader = wait_until(cluster.leader, cluster=cluster)
    others = [host for host in cluster.hosts if host is not leader]
    stays = next(host for host in others if host.status()["role"] == "manager")
    old = gossip(stays)["key"]
    # One that does not answer keeps it from coming to an end.
    worker = cluster.hosts[3]
    worker.process.send_signal(signal.SIGSTOP)
    told = []
    rotating = threading.Thread(target=lambda: told.append(
        stays("cluster", "rotate-key", check=False)))
    rotating.start()
    wait_until(lambda: gossip(stays)["phase"] == "install", cluster=cluster)
    again = stays("cluster", "rotate-key", check=False)
    assert again.returncode == 1 and "already" in again.stderr
    leader.stop(signal.SIGKILL)
    worker.process.send_signal(signal.SIGCONT)

    rotating.join()
    assert told[0].returncode == 0, told[0].stderr
    new = gossip(stays)["key"]
    assert new != old and f"{old} is gone." in told[0].stdout
    all_have(cluster, others, [new])
    leader.start()
    all_have(cluster, cluster.hosts, [new])
    wait_until(lambda: {node["State"] for node in json_nodes(stays)} == {"connected"},
               cluster=cluster)
    assert stays("cluster", "rotate-key").returncode == 0
    all_have(cluster, cluster.hosts, [gossip(stays)["key"]])


def json_nodes(host):
    lines = host("node", "ls", "--format", "{{json .}}").stdout.splitlines()
    return list(map(json.loads, lines))


@pytest.mark.timeout(60)
def test_a_rotation_that_does_not_end_in_time_says_whom_it_waits_for(make_cluster):
    cluster = make_cluster(2)
    first, worker = cluster.hosts
    cluster.init()
    cluster.join(worker)
    wait_until(lambda: cluster.nodes()["host2"]["State"] == "connected", cluster=cluster)
    worker.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    told = first("cluster", "rotate-key", "--timeout", "1s", check=False)
    assert time.monotonic() - began < 20
    worker.process.send_signal(signal.SIGCONT)
    assert told.returncode == 1 and "waits for host2" in told.stderr, told.stderr
    wait_until(lambda: gossip(first)["phase"] == "" and
               gossip(worker)["keys"] == [gossip(first)["key"]], cluster=cluster)
