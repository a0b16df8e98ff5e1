"""Somebody takes all tables of nftables away, as a firewall that is restarted does: the daemon
brings ikada's back.
"""

import socket

import pytest

from cluster_hosts import wait_until
from network_balancers import Echo, NetworkCluster, http_get, say

TABLES = [("ip", "ikada"), ("ip", "ikada_tasks"), ("bridge", "ikada_tasks"),
          ("ip", "ikada_balancers")]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, shared_ikada, busybox_image):
    directory = tmp_path_factory.mktemp("flushed-tables")
    archive = directory / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    made = NetworkCluster(directory / "hosts", archive, 1, 1)
    yield made
    made.close()


def rules(cluster):
    """What is in our tables, without counters and handles; None if one is not there."""
    told = [cluster.manager.run("nft", "-s", "list", "table", *table, check=False)
            for table in TABLES]
    return None if any(each.returncode for each in told) else [each.stdout for each in told]


@pytest.mark.timeout(90)
@pytest.mark.parametrize("flush", [["flush", "ruleset"], ["delete", "table", "ip", "ikada"],
                                   ["flush", "table", "bridge", "ikada_tasks"]])
def test_tables_that_are_taken_away_come_back(cluster, busybox_image, flush):
    echo = Echo(cluster.manager, 9000)
    name = "-".join(flush[:2])
    group = cluster.group(name, "TCP", 9000)
    cluster.balance(name, group, 9200)
    cluster.elb("RegisterTargets", TargetGroupArn=group,
                Targets=[{"Id": cluster.instances()[0]}])
    cluster.wait_healthy(group, ["healthy"])
    container = cluster.manager("run", "-d", "-p", "8080:80", busybox_image, "sh", "-c",
                                "echo web > index.html; exec httpd -f -p 80").stdout.strip()
    wait_until(lambda: "dport 9200 goto" in str(rules(cluster)), cluster=cluster)
    before = rules(cluster)
    kept = cluster.client.inside(
        socket.create_connection, (cluster.manager.address, 9200), 5)
    assert say(kept) == "10.99.0.50 echo1"

    cluster.manager.run("nft", *flush)
    wait_until(lambda: rules(cluster) == before, cluster=cluster)

    assert cluster.client.inside(http_get, cluster.manager.address, 8080, "/index.html")[0] == "web"
    # It had nothing to say meanwhile.
    assert say(kept) == "10.99.0.50 echo1"
    kept.close()
    cluster.manager("rm", "-f", container)
    echo.close()
    made = cluster.elb("DescribeLoadBalancers", Names=[name])["LoadBalancers"][0]
    cluster.elb("DeleteLoadBalancer", LoadBalancerArn=made["LoadBalancerArn"])


@pytest.mark.timeout(90)
def test_a_table_that_cannot_be_made_anew_is_told_once(cluster, busybox_image):
    def is_there(*table):
        listed = cluster.manager.run("nft", "list", "table", *table, check=False)
        return listed.returncode == 0

    def told():
        return [line for line in cluster.manager.log.read_text().splitlines()
                if "published ports: " in line and line.endswith(", retrying")]

    container = cluster.manager("run", "-d", "-p", "8081:80", busybox_image, "sleep",
                                "1000").stdout.strip()
    lock = cluster.manager.run_root / "net" / "lock"
    lock.unlink()
    lock.mkdir()
    cluster.manager.run("nft", "delete", "table", "ip", "ikada")
    wait_until(told, cluster=cluster)
    for _ in range(2):  # Each time it looks at all of them.
        cluster.manager.run("nft", "delete", "table", "bridge", "ikada_tasks")
        wait_until(lambda: is_there("bridge", "ikada_tasks"), cluster=cluster)
    lock.rmdir()
    wait_until(lambda: is_there("ip", "ikada"), cluster=cluster)

    assert len(told()) == 1
    cluster.manager("rm", "-f", container)
