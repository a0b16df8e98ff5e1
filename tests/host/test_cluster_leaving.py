"""Hosts that leave while their role changes, managers that leave at once, and kills meanwhile."""

import concurrent.futures
import json
import os
import shutil
import signal
import time

import pytest

from cluster_hosts import NO_TASKS, wait_until
from test_cluster_leftovers import kept
from test_cluster_quorum import wait_for_leader
from test_node_roles import is_settled, make_cluster, name_of, name_role_of  # noqa: F401

PEER_PORT = 7444


def etcd_members(host):
    """The URLs of all members, as the one on that host knows them."""
    files = host.root / "cluster" / "etcd"
    told = host.run("curl", "-sS", "--cacert", files / "ca.pem", "--cert", files / "client.pem",
                    "--key", files / "client.key", "-d", "{}",
                    f"https://{host.address}:7443/v3/cluster/member/list", check=False)
    members = json.loads(told.stdout or "{}").get("members", [])
    return sorted(url for member in members for url in member["peerURLs"])


def has_only(asked, hosts):
    """Neither the records nor etcd, if there is one, know others than these managers."""
    is_etcd = asked.status()["store"] == "etcd"
    urls = sorted(f"https://{host.address}:{PEER_PORT}" for host in hosts) if is_etcd else []
    return asked("node", "ls", "-q", check=False).stdout.count("\n") == len(hosts) and \
        etcd_members(asked) == urls


def has_left(host):
    return host.status()["role"] == "none" and kept(host) == []


def change_role(pool, host, verb, name):
    """The command, which goes on while other things are done."""
    return pool.submit(host, "node", verb, name, check=False, timeout=150)


def manager_token(host):
    return host("cluster", "token", "manager").stdout.strip()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("verb", ["promote", "demote"])
def test_a_host_may_leave_at_any_moment_of_a_change_of_its_role(make_cluster, verb):
    cluster = make_cluster(2, None, [NO_TASKS] * 2)
    first, host = cluster.hosts
    cluster.init()
    for delay_s in (0.0, 0.2, 0.4, 0.6, 1.0):
        cluster.join(host, manager_token(first) if verb == "demote" else None)
        roles = ([name_of(first), "host2"], []) if verb == "demote" else ([], ["host2"])
        is_settled(cluster, *roles)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            changing = change_role(pool, first, verb, "host2")
            time.sleep(delay_s)
            host("cluster", "leave", "--force", timeout=90)
            told = changing.result(timeout=120)
        assert has_left(host)
        # Perhaps the host was gone before that was asked.
        assert told.returncode == 0 or len(told.stderr.splitlines()) == 1, told.stderr
        wait_until(lambda: has_only(first, [first]), cluster=cluster)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("with_leader", [True, False])
def test_two_managers_that_leave_at_once_are_both_forgotten(make_cluster, with_leader):
    cluster = make_cluster(4, None, [NO_TASKS] * 4)
    cluster.init()
    cluster.lead_with(4)
    for _ in range(2):
        is_settled(cluster, ["host2", "host3", "host4"], [])
        leader = wait_for_leader(cluster)
        others = [host for host in cluster.hosts if host is not leader]
        going = [leader, others[0]] if with_leader else others[:2]
        stay = [host for host in cluster.hosts if host not in going]
        token = manager_token(leader)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            told = list(pool.map(lambda host: host("cluster", "leave", "--force", timeout=120),
                                 going))
        assert [each.returncode for each in told] == [0, 0]
        assert all(has_left(host) for host in going)
        wait_until(lambda: all(has_only(host, stay) for host in stay), cluster=cluster)
        cluster.hosts = stay + going
        for host in going:
            cluster.join(host, token)
        cluster.hosts.sort(key=lambda host: host.net.number)
        names = [name_of(host) for host in cluster.hosts]
        is_settled(cluster, names, [])


@pytest.mark.timeout(120)
def test_who_waits_for_a_node_that_has_gone_is_told_at_once(make_cluster):
    cluster = make_cluster(4, None, [NO_TASKS] * 4)
    first, _, manager, worker = cluster.hosts
    cluster.init()
    cluster.lead_with(3)
    is_settled(cluster, ["host2", "host3"], ["host4"])
    manager.stop(signal.SIGKILL)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        demoting = change_role(pool, first, "demote", "host3")
        wait_until(lambda: name_role_of(first, "host3") == "worker", cluster=cluster)
        assert not demoting.done()
        assert first("node", "rm", "--force", "host3").returncode == 0
        told = demoting.result(timeout=30)
        assert (told.returncode, told.stdout) == (0, "host3\n")

        promoting = change_role(pool, first, "promote", "host4")
        wait_until(lambda: "becoming a manager" in worker.log.read_text(), cluster=cluster)
        worker.stop(signal.SIGKILL)
        assert first("node", "rm", "--force", "host4").returncode == 0
        told = promoting.result(timeout=30)
    assert told.returncode == 1
    assert told.stderr == "ikada node promote: node host4 is not in the cluster any more: it has " \
        "left, or was removed\n"
    # It finds that it is none, and may go and come again.
    worker.start()
    wait_until(lambda: "does not know this node" in worker.status().get("refused", ""),
               cluster=cluster)
    assert "use --force" in worker("cluster", "leave", check=False).stderr
    worker("cluster", "leave", "--force")
    assert has_left(worker)
    cluster.join(worker)


@pytest.mark.timeout(200)
def test_a_host_killed_while_it_joins_as_a_manager_is_one_or_none(make_cluster):
    cluster = make_cluster(2, None, [NO_TASKS] * 2)
    first, host = cluster.hosts
    cluster.init()
    token = manager_token(first)
    for delay_s in (0.1, 0.3, 0.5, 0.7):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            joining = pool.submit(cluster.join, host, token, False)
            time.sleep(delay_s)
            host.stop(signal.SIGKILL)
            # What it keeps makes it nothing by itself.
            (host.directory / "cluster.yaml").write_text("{}")
            joining.result(timeout=120)
        is_member = (host.root / "node.json").exists()
        host.start()
        wait_until(lambda: not list((host.root / "cluster").glob("etcd*")) or is_member)
        assert ("node" in host.status()) == is_member
        (host.directory / "cluster.yaml").unlink()
        host.stop()
        host.start()
        if is_member:
            host("cluster", "leave", "--force", timeout=90)
        wait_until(lambda: "connected" not in {node["State"] for name, node in
                                               cluster.nodes().items() if name == "host2"},
                   cluster=cluster)
    assert cluster.join(host, token).returncode == 0
    is_settled(cluster, ["host2"], [])


def put_etcd_before(host, script):
    """What that host finds as `etcd` from now on."""
    program = host.directory / "bin" / "etcd"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    host.stop()
    host.environment["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    host.start()


@pytest.mark.timeout(200)
@pytest.mark.parametrize("is_seen", [False, True])
def test_a_manager_that_dies_while_it_joins_makes_room_for_others(make_cluster, is_seen):
    cluster = make_cluster(4, None, [NO_TASKS] * 4)
    first, second, dying, other = cluster.hosts
    # Its member of etcd is on record, and never gets as far as to have a vote.
    put_etcd_before(dying, "exec sleep 1000")
    cluster.init()
    token = manager_token(first)
    cluster.join(second, token)
    is_settled(cluster, [name_of(first), "host2"], [])
    leader = wait_for_leader(cluster)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        joining = pool.submit(cluster.join, dying, token, False)
        wait_until(lambda: "name=host3 role=manager" in leader.log.read_text(), cluster=cluster)
        if is_seen:
            joining.result(timeout=120)
            wait_until(lambda: cluster.nodes()["host3"]["State"] == "connected", cluster=cluster)
        dying.stop(signal.SIGKILL)
        joining.result(timeout=120)
    wait_until(lambda: any(dying.address in url for url in etcd_members(leader)), cluster=cluster)

    # One learns at a time: it waits for that.
    wait_until(lambda: cluster.join(other, token, check=False).returncode == 0, 150, cluster)

    is_settled(cluster, [name_of(first), "host2", "host4"], [])
    wait_until(lambda: has_only(first, [first, second, other]), 120, cluster)
    assert "node never came" in "".join(host.log.read_text() for host in cluster.hosts)


@pytest.mark.timeout(200)
def test_a_manager_that_is_slow_to_start_is_waited_for(make_cluster):
    cluster = make_cluster(2, None, [NO_TASKS] * 2)
    first, slow = cluster.hosts
    cluster.init()
    put_etcd_before(slow, f"sleep 40\nexec {shutil.which('etcd')} \"$@\"")
    cluster.join(slow, manager_token(first))
    is_settled(cluster, [name_of(first), "host2"], [])
    assert "node never came" not in first.log.read_text()
    wait_until(lambda: '"isNew"' not in first("node", "inspect", "host2").stdout, cluster=cluster)


@pytest.mark.timeout(200)
def test_a_host_killed_in_its_demotion_or_leave_is_no_manager_by_its_old_file(make_cluster):
    cluster = make_cluster(2, None, [NO_TASKS] * 2)
    first, host = cluster.hosts
    cluster.init()
    for verb, delay_s in [(verb, delay_s) for verb in ("demote", "leave")
                          for delay_s in (0.3, 0.6, 0.9, 1.2)]:
        if host.status()["role"] == "none":
            cluster.join(host, manager_token(first))
        elif host.status()["role"] == "worker":
            assert first("node", "promote", "host2").returncode == 0
        (host.directory / "cluster.yaml").write_text("{}")
        is_settled(cluster, ["host2"], [])
        with concurrent.futures.ThreadPoolExecutor() as pool:
            words = ("node", "demote", "host2") if verb == "demote" else \
                ("cluster", "leave", "--force")
            going = pool.submit(first if verb == "demote" else host, *words, check=False,
                                timeout=150)
            time.sleep(delay_s)
            host.stop(signal.SIGKILL)
            is_member = (host.root / "node.json").exists()
            if not is_member:
                (host.directory / "cluster.yaml").unlink()
            host.start()
            going.result(timeout=150)
        if not is_member:
            wait_until(lambda: has_left(host), cluster=cluster)
            continue
        # It is on record as the manager that it was, or goes on to be a worker.
        wait_until(lambda: host.status()["role"] == "worker" or
                   is_known_manager(cluster, host), 90, cluster)
        (host.directory / "cluster.yaml").unlink()
        if "refused" in host.status() or verb == "leave":
            host("cluster", "leave", "--force", timeout=90)
            assert has_left(host)
    wait_until(lambda: has_only(first, [first]) or host.status()["role"] == "worker",
               cluster=cluster)


def is_known_manager(cluster, host):
    return "refused" in host.status() or (
        host.status()["role"] == "manager" and len(etcd_members(cluster.manager)) == 2 and
        name_role_of(cluster.manager, "host2") == "manager")


@pytest.mark.timeout(200)
def test_what_a_host_hears_while_it_leaves_is_not_kept(make_cluster):
    cluster = make_cluster(2, None, [NO_TASKS] * 2)
    first, second = cluster.hosts
    for _ in range(2):
        cluster.init()
        token = manager_token(first)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            joining = pool.submit(cluster.join, second, token, False)
            time.sleep(0.3)
            first.stop(signal.SIGKILL)
            first.start()
            joining.result()
        first.api("CreateCluster", clusterName="w")
        second("cluster", "leave", "--force", check=False)
        first("node", "rm", "--force", "host2", check=False)
        first("cluster", "leave", "--force", timeout=60)
        wait_until(lambda: has_left(first), cluster=cluster)
        assert not (first.root / "node.json").exists()
