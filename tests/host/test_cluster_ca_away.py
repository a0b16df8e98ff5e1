"""The cluster's authorities are exchanged while hosts are away, come back, or come for the first
time; from a backup too."""

import json
import os
import signal
import threading
import time

import pytest

import cluster_hosts
from cluster_hosts import NO_TASKS, wait_until
from cluster_writes import Writer, cluster_names
from test_cluster_ca import keys_of, phase


@pytest.fixture
def make_cluster(tmp_path):
    made = []

    def make(managers, workers, spares):
        """And the spares, which are in no cluster yet."""
        cluster = cluster_hosts.Cluster(tmp_path / "hosts", managers + workers + spares, None,
                                        [NO_TASKS] * managers)
        every = cluster.hosts
        made.append((cluster, every))
        cluster.hosts = every[:managers + workers]
        cluster.init()
        cluster.lead_with(managers)
        return cluster, every[managers + workers:]

    yield make
    for cluster, every in made:
        cluster.hosts = every
        cluster.close()


def name_of(host):
    return host.status()["name"]


def waits_for(host):
    words = "CA rotation waits for: "
    return [line.removeprefix(words) for line in host("cluster", "status").stdout.splitlines()
            if line.startswith(words)]


def trusted(host):
    """How many authorities the host trusts, as it keeps them."""
    node = json.loads((host.root / "node.json").read_text())
    return 1 + len(node.get("otherAuthorities", []))


def kill_in(leader, host, step):
    """As soon as the leader takes that step, before the host has heard of it."""
    deadline = time.monotonic() + 60
    with open(leader.log) as log:
        log.seek(0, os.SEEK_END)
        line = ""
        while f"authorities phase={step}" not in line:
            assert time.monotonic() < deadline, leader.log.read_text()[-1500:]
            line = log.readline()
            if not line:
                time.sleep(0.001)
    time.sleep(0.05)  # Until it is committed; a host takes longer to follow.
    host.stop(signal.SIGKILL)


def come_back_and_die(leader, host, step):
    """Until then it is there."""
    dying = threading.Thread(target=kill_in, args=(leader, host, step))
    dying.start()
    host.start()
    dying.join()


def are_connected(host, count):
    lines = host("node", "ls", "--format", "{{.State}}", check=False).stdout.splitlines()
    return lines == ["connected"] * count


def begin_twice(hosts):
    """At once, on two managers; what the one that was late is told."""
    told = []

    def begin(host):
        def is_decided():
            answer = host("cluster", "rotate-ca", "--detach", check=False)
            is_over = answer.returncode == 0 or "try again" not in answer.stderr
            if is_over:
                told.append(answer)
            return is_over

        wait_until(is_decided)

    threads = [threading.Thread(target=begin, args=(host,)) for host in hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.returncode for each in told) == [0, 1], [each.stderr for each in told]
    return next(each.stderr for each in told if each.returncode == 1)


def lead_without(cluster, away):
    """Kills that one; the leader and the other manager, once changes are made again."""
    away.stop(signal.SIGKILL)
    others = [host for host in cluster.hosts[:3] if host is not away]
    wait_until(lambda: others[0].api("CreateCluster", clusterName="without").get("cluster"),
               cluster=cluster)
    leader = wait_until(cluster.leader, cluster=cluster)
    return leader, next(host for host in others if host is not leader)


@pytest.mark.timeout(240)
def test_a_manager_is_away_in_each_phase_and_workers_join_meanwhile(make_cluster):
    cluster, spares = make_cluster(3, 0, 3)
    leader = wait_until(cluster.leader, cluster=cluster)
    away = next(host for host in cluster.hosts if host is not leader)
    name, before = name_of(away), keys_of(leader)
    old_token = leader("cluster", "token", "worker").stdout.strip()
    leader, other = lead_without(cluster, away)
    cluster.hosts = [leader, other, away]  # Whom questions go to.
    writer = Writer(leader, pause_s=0.02)

    assert "already" in begin_twice([leader, other])
    wait_until(lambda: waits_for(other) == [f"{name} (away)"], cluster=cluster)
    assert phase(leader) == "trust"
    cluster.join(spares[0], old_token)
    wait_until(lambda: trusted(spares[0]) == 2, cluster=cluster)

    come_back_and_die(leader, away, "renew")
    wait_until(lambda: waits_for(other) == [f"{name} (away)"], cluster=cluster)
    assert phase(leader) == "renew" and keys_of(other)["certificate"] != before["certificate"]
    refused = cluster.join(spares[1], old_token, check=False)
    assert refused.returncode == 1 and "make a new one there" in refused.stderr
    token = leader("cluster", "token", "worker").stdout.strip()
    cluster.join(spares[1], token)

    come_back_and_die(leader, away, "forget")
    wait_until(lambda: f"{name} (away)" in waits_for(other), cluster=cluster)
    assert phase(leader) == "forget"
    cluster.join(spares[2], token)
    began = time.monotonic()
    away.start()
    wait_until(lambda: phase(leader) == "", cluster=cluster)
    print(f"after the last return {time.monotonic() - began:.1f} s")

    wait_until(lambda: are_connected(other, 6), cluster=cluster)
    writer.end()
    # What was under way in a member of etcd that was killed may be lost.
    assert len(writer.refused) <= 2, writer.refused[:3]
    assert set(writer.acknowledged) <= cluster_names(away)
    print(f"{len(writer.acknowledged)} changes; the longest took {writer.longest_s:.1f} s")
    wait_until(lambda: {trusted(host) for host in cluster.hosts + spares} == {1}, cluster=cluster)
    assert len({keys_of(host)["certificate"] for host in cluster.hosts}) == 1
    for host in cluster.hosts:
        assert "former" not in keys_of(host) and before["key"] not in str(keys_of(host))


@pytest.mark.timeout(240)
def test_without_a_dead_manager_it_is_forced_and_that_one_is_told_how_to_come_back(make_cluster):
    cluster, _ = make_cluster(3, 1, 0)
    leader = wait_until(cluster.leader, cluster=cluster)
    gone = next(host for host in cluster.hosts[:3] if host is not leader)
    name, before = name_of(gone), keys_of(leader)
    leader, other = lead_without(cluster, gone)
    cluster.hosts = [leader, other, cluster.hosts[3], gone]
    writer = Writer(leader, pause_s=0.02)

    waits = other("cluster", "rotate-ca", "--timeout", "1s", check=False)
    assert waits.returncode == 1 and name in waits.stderr, waits.stderr
    wait_until(lambda: waits_for(other) == [f"{name} (away)"], cluster=cluster)
    began = time.monotonic()
    told = other("cluster", "rotate-ca", "--force", timeout=120).stdout
    print(f"forced without one of three: {time.monotonic() - began:.1f} s")

    assert "is gone." in told and f"Away: {name}. " in told, told
    writer.end()
    print(f"{len(writer.acknowledged)} changes, {len(writer.refused)} refused; "
          f"the longest took {writer.longest_s:.1f} s")
    assert writer.refused == [], writer.refused[:3]
    assert keys_of(leader)["certificate"] != before["certificate"]
    # It is no member of anything any more, and its etcd keeps nobody from working.
    gone.start()
    wait_until(lambda: "ikada node rm --force" in gone.status().get("refused", ""), 120, cluster)
    assert "join again with a new token" in gone("cluster", "status").stdout
    assert leader.api("CreateCluster", clusterName="meanwhile")["cluster"]
    assert leader("node", "rm", "--force", name).returncode == 0
    gone("cluster", "leave", "--force")
    token = next(line.split()[-1] for line in told.splitlines() if "token, manager" in line)
    wait_until(lambda: cluster.join(gone, token, check=False).returncode == 0, 120, cluster)
    wait_until(lambda: are_connected(gone, 4), 120, cluster)
    assert "meanwhile" in cluster_names(gone)
    assert keys_of(gone)["certificate"] == keys_of(leader)["certificate"]
    # With it there is a majority without another one, once its etcd has learned enough.
    wait_until(lambda: sorted(node["Manager"] for node in cluster.nodes().values()) ==
               ["", "leader", "reachable", "reachable"], 90, cluster)
    leader.stop(signal.SIGKILL)
    wait_until(lambda: other.api("CreateCluster", clusterName="after").get("cluster"), 90, cluster)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("step", ["trust", "renew"])
def test_a_backup_from_the_middle_is_restored_and_comes_to_its_end(make_cluster, tmp_path, step):
    cluster, (spare,) = make_cluster(1, 2, 1)
    manager, worker, gone = cluster.hosts
    name = name_of(gone)
    if step == "trust":
        gone.stop(signal.SIGKILL)
    dying = threading.Thread(target=kill_in, args=(manager, gone, step))
    if step == "renew":
        dying.start()
    made = manager("cluster", "rotate-ca", "--detach").stdout
    if step == "renew":
        dying.join()
    wait_until(lambda: waits_for(manager) == [f"{name} (away)"], cluster=cluster)
    assert phase(manager) == step
    manager("cluster", "backup", tmp_path / "backup")
    old = keys_of(manager)

    manager.stop(signal.SIGKILL)
    manager.run("ip", "address", "del", f"{manager.address}/16", "dev", "eth0")
    spare.run("ip", "address", "add", f"{manager.address}/16", "dev", "eth0")
    worker.run("ip", "neigh", "flush", "all")
    spare("cluster", "restore", tmp_path / "backup", "--advertise-addr", manager.address,
          "--name", "new")
    cluster.hosts = [spare, worker, gone]
    wait_until(lambda: worker.status()["connected"], cluster=cluster)
    assert phase(spare) == step
    wait_until(lambda: waits_for(spare) == [f"{name} (away)"], cluster=cluster)
    assert spare("node", "rm", "--force", name).returncode == 0

    wait_until(lambda: phase(spare) == "", cluster=cluster)
    wait_until(lambda: are_connected(spare, 2) and trusted(worker) == 1, cluster=cluster)
    assert spare.status()["ca"]["authority"].startswith(made.split()[2].rstrip(","))
    assert "next" not in keys_of(spare) and "former" not in keys_of(spare)
    assert keys_of(spare)["sealingKeys"] == old["sealingKeys"]
