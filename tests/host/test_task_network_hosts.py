"""The network of tasks as hosts come and go, and where it cannot be."""

import ipaddress
import json
import socket
import time

import pytest

import cluster_hosts
from cluster_hosts import wait_until
from task_network import TaskCluster, overlay_text, start_tasks


@pytest.fixture(scope="module")
def archive(tmp_path_factory, shared_ikada, busybox_image):
    path = tmp_path_factory.mktemp("archive") / "busybox.tar"
    shared_ikada("save", "-o", path, busybox_image)
    return path


def test_a_host_that_goes_is_forgotten_at_once_and_may_come_back(tmp_path, archive, busybox_image):
    cluster = TaskCluster(tmp_path / "hosts", 3, archive)
    try:
        first, second, third = cluster.hosts
        tasks = sorted(cluster.run(busybox_image, 3), key=lambda task: task.host.net.number)
        subnet = dict(cluster.nodes_with_subnets())[third]
        gateway = str(ipaddress.ip_network(subnet)[1])
        for host in (first, second):
            assert gateway in overlay_text(host) and third.address in overlay_text(host)

        first("node", "rm", "--force", "host3")

        for host in (first, second):
            wait_until(lambda host=host: third.address not in overlay_text(host), 15, cluster)
            assert gateway not in overlay_text(host)

        def refused_after_s():
            begin = time.monotonic()
            with pytest.raises(OSError, match="No route to host"):
                tasks[0].inside(socket.create_connection, (tasks[2].address, 80), 30)
            return time.monotonic() - begin

        # At once, and not for want of an answer.
        assert min(refused_after_s() for _ in range(3)) < 1
        # The others go on.
        tasks[0].exec("wget", "-q", "-O", "-", f"http://{tasks[1].address}/")

        third("cluster", "leave", "--force")
        assert_no_network(third)
        wait_until(lambda: third("cluster", "status", check=False).stdout == "Role: none\n",
                   cluster=cluster)
        cluster.join(third)
        wait_until(lambda: cluster_hosts.instances(cluster) == 3, cluster=cluster)
        again = dict(cluster.nodes_with_subnets())[third]
        assert again != subnet
        more = cluster.run(busybox_image, 3)
        task = next(task for task in more if task.host is third)
        tasks[0].exec("wget", "-q", "-O", "-", f"http://{task.address}/")
        cluster.stop(more + tasks[:2])
        # In order.
        third("cluster", "leave")
        assert_no_network(third)
        for host in (first, second):
            wait_until(lambda host=host: third.address not in overlay_text(host), 15, cluster)
    finally:
        cluster.close()


def assert_no_network(host):
    links = host.run("ip", "-o", "link").stdout
    assert "ikada-vxlan" not in links and "ikada-tasks" not in links
    assert "10.120." not in host.run("ip", "route").stdout
    assert "ikada_tasks" not in host.run("nft", "list", "tables").stdout
    assert not (host.run_root / "task-net").exists()
    assert not (host.root / "agent" / "network.json").exists()


def test_networks_that_collide_with_a_hosts_own(tmp_path):
    cluster = cluster_hosts.Cluster(tmp_path / "hosts", 2)
    try:
        manager, worker = cluster.hosts
        manager.run("ip", "route", "add", "10.120.9.0/24", "via", worker.address)
        refused = manager("cluster", "init", "--advertise-addr", manager.address, check=False)
        assert (refused.returncode, refused.stderr) == (1, (
            "ikada cluster init: the network of tasks 10.120.0.0/16 has addresses of a route of "
            "this host, 10.120.9.0/24 dev eth0: choose another with --task-network\n"))
        wrong = manager("cluster", "init", "--task-network", "10.130.0.0/24", check=False)
        assert "expected an IPv4 network between /8 and /22" in wrong.stderr
        assert manager("cluster", "status").stdout == "Role: none\n"
        made = json.loads(manager("cluster", "init", "--json", "--advertise-addr", manager.address,
                                  "--task-network", "10.130.0.0/16").stdout)
        worker.run("ip", "route", "add", "10.128.0.0/9", "via", manager.address)
        refused = cluster.join(worker, made["workerToken"], check=False)
        assert refused.stderr == (
            f"ikada cluster join: manager {manager.address}:7442: the network of tasks "
            "10.130.0.0/16 has addresses of a route of this host, 10.128.0.0/9 dev eth0\n")
        assert len(cluster.nodes()) == 1
        worker.run("ip", "route", "delete", "10.128.0.0/9")
        cluster.join(worker, made["workerToken"])
        wait_until(lambda: "10.130.0.0/24" in worker.run("ip", "route").stdout, 60, cluster)
    finally:
        cluster.close()


def test_a_cluster_without_a_network_of_tasks(tmp_path, archive, busybox_image):
    cluster = cluster_hosts.Cluster(tmp_path / "hosts", 1, archive)
    try:
        manager = cluster.manager
        manager("cluster", "init", "--task-network", "none", "--advertise-addr", manager.address)
        wait_until(lambda: cluster_hosts.instances(cluster) == 1, cluster=cluster)
        task, = start_tasks(cluster, busybox_image, 1)
        interface, = task["containers"][0]["networkInterfaces"]
        assert interface["privateIpv4Address"].startswith("10.88.")
        assert "ikada-vxlan" not in manager.run("ip", "-o", "link").stdout
    finally:
        cluster.close()
