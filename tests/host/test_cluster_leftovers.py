"""A manager's files when it leaves, is killed while it leaves or while a backup is restored."""

import os
import signal
import threading
import time

import pytest

from cluster_faults import sleeping_service
from cluster_hosts import NO_TASKS, Cluster, wait_until


@pytest.fixture
def host(tmp_path):
    cluster = Cluster(tmp_path, 1, None, [NO_TASKS])
    yield cluster.hosts[0]
    cluster.close()


def init(host):
    host("cluster", "init", "--advertise-addr", host.address)


def role(host):
    return host.status()["role"]


def kept(host):
    """What is in the directories that hold keys and records, but sockets' and journals' folders."""
    found = [path.name for path in (host.root / "cluster").glob("*")] \
        if (host.root / "cluster").exists() else []
    return sorted(found + [path.name for path in host.root.rglob("*.tmp")])


def killed_while(host, delay_s, *words):
    """The daemon dies that long after the command has begun, and starts anew."""
    asking = threading.Thread(target=lambda: host(*words, check=False))
    asking.start()
    time.sleep(delay_s)
    host.stop(signal.SIGKILL)
    asking.join()
    host.start()


def test_who_has_left_may_found_a_cluster_at_once(host):
    for _ in range(3):
        init(host)
        host("cluster", "leave", "--force")
        assert role(host) == "none"
    assert kept(host) == []


@pytest.mark.timeout(120)
def test_a_manager_killed_while_it_leaves_keeps_all_or_nothing(host):
    for number in range(10):
        init(host)
        killed_while(host, 0.004 * number, "cluster", "leave", "--force")
        if role(host) != "none":
            host("cluster", "leave", "--force")
        wait_until(lambda: kept(host) == [])


@pytest.mark.timeout(200)
def test_a_host_killed_while_it_restores_is_a_manager_or_may_restore_again(host, tmp_path):
    init(host)
    backup = tmp_path / "backup"
    host("cluster", "backup", backup)
    host("cluster", "leave", "--force")
    for number in range(10):
        killed_while(host, 0.03 * number, "cluster", "restore", "--advertise-addr", host.address,
                     backup)
        if role(host) == "none":
            host("cluster", "restore", "--advertise-addr", host.address, backup)
        # The manager that the backup knows is gone.
        wait_until(lambda: len(host("node", "ls", "-q").stdout.split()) == 1)
        host("cluster", "leave", "--force")
        assert kept(host) == []


def test_a_pipe_or_a_device_is_no_backup(host, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    told = host("cluster", "restore", pipe, check=False)
    assert told.returncode == 1 and told.stderr.endswith(f"{pipe}: not a regular file\n")
    assert role(host) == "none"

    init(host)
    told = host("cluster", "backup", pipe, check=False)
    assert told.returncode == 1 and told.stderr.endswith("no regular file\n")
    told = host("cluster", "backup", "", check=False)
    assert told.stderr == "ikada cluster backup: FILE is empty\n"
    told = host("cluster", "backup", tmp_path / "none" / "file", check=False)
    assert told.stderr.endswith(f"{tmp_path}/none: No such file or directory\n")
    assert os.listdir(tmp_path) and pipe.is_fifo()


def test_the_only_manager_that_leaves_starts_no_tasks_any_more(tmp_path, shared_ikada,
                                                               busybox_image):
    shared_ikada("save", "-o", tmp_path / "busybox.tar", busybox_image)
    cluster = Cluster(tmp_path / "hosts", 1, tmp_path / "busybox.tar")
    host = cluster.manager
    try:
        init(host)
        host("create", "--name", "own", busybox_image, "true")
        sleeping_service(host, busybox_image, 3)
        wait_until(lambda: len(host("ps", "-q").stdout.split()) == 3, cluster=cluster)

        host("cluster", "leave", "--force", timeout=60)

        assert role(host) == "none"
        assert host("ps", "-a", "--format", "{{.Names}}").stdout == "own\n"
        assert list((host.root / "agent" / "tasks").iterdir()) == []
    finally:
        cluster.close()


def elb(host, action, **body):
    return host.ask(f"ElasticLoadBalancing_v10.{action}", body)


def balance(host):
    """One balancer of HAProxy's, one of the kernel's."""
    page = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    made = elb(host, "CreateLoadBalancer", Name="a", Type="application")["LoadBalancers"][0]
    elb(host, "CreateListener", LoadBalancerArn=made["LoadBalancerArn"], Protocol="HTTP", Port=81,
        DefaultActions=[page])
    made = elb(host, "CreateLoadBalancer", Name="n", Type="network")["LoadBalancers"][0]
    group = elb(host, "CreateTargetGroup", Name="g", Protocol="TCP", Port=9000, VpcId="v")
    elb(host, "CreateListener", LoadBalancerArn=made["LoadBalancerArn"], Protocol="TCP", Port=80,
        DefaultActions=[{"Type": "forward",
                         "TargetGroupArn": group["TargetGroups"][0]["TargetGroupArn"]}])


def balances(host):
    """Whether anything of it serves on that host: HAProxy answers, the kernel has the table."""
    answers = host.run("curl", "-s", "http://127.0.0.1:81/", check=False).returncode == 0
    return answers, "ikada_balancers" in host.run("nft", "list", "tables").stdout


@pytest.mark.timeout(200)
def test_balancers_do_not_outlive_a_daemon_that_is_killed_while_its_host_leaves(host):
    for number in range(6):
        init(host)
        balance(host)
        wait_until(lambda: balances(host) == (True, True))
        killed_while(host, 0.03 + 0.02 * number, "cluster", "leave", "--force")
        if role(host) != "none":
            host("cluster", "leave", "--force")
        wait_until(lambda: balances(host) == (False, False))
        wait_until(lambda: not (host.run_root / "proxy").exists())
        assert kept(host) == []
