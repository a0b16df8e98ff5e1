"""Pools of addresses: one that has others' addresses in it, too, and one that comes and goes."""

import json
import socket

import pytest

from cluster_hosts import Cluster, wait_until
from network_balancers import Echo, NetworkCluster, http_get, say

CLIENT = "10.99.0.50"


def test_a_pool_may_be_the_network_that_the_hosts_are_in(tmp_path):
    # Joined to 10.99.0.0/16, by 10.99.0.1 and so on.
    cluster = Cluster(tmp_path / "hosts", 3)
    try:
        cluster.manager.run("ip", "route", "add", "default", "via", "10.99.0.4")
        cluster.manager.stop()
        (cluster.manager.directory / "cluster.yaml").write_text(
            json.dumps({"balancer_addresses": ["10.99.0.0/29"]}))
        cluster.manager.start()
        cluster.init()
        cluster.join(cluster.hosts[1])
        wanted = ["10.99.0.3", "10.99.0.5", "10.99.0.6", "10.99.0.7"]

        given = [make(cluster, f"web-{number}") for number in range(len(wanted))]

        assert given == wanted
        refused = cluster.manager.ask("ElasticLoadBalancing_v10.CreateLoadBalancer",
                                      {"Name": "more", "Type": "network"})
        assert refused["__type"].endswith("TooManyLoadBalancers"), refused
        late = cluster.join(cluster.hosts[2], check=False)
        assert late.returncode == 1
        assert late.stderr.endswith(": load balancer web-0 has the address 10.99.0.3: say another "
                                    "with --advertise-addr\n"), late.stderr
    finally:
        cluster.close()


def make(cluster, name):
    made = cluster.manager.ask("ElasticLoadBalancing_v10.CreateLoadBalancer",
                               {"Name": name, "Type": "network"})
    zone = made["LoadBalancers"][0]["AvailabilityZones"][0]
    return zone["LoadBalancerAddresses"][0]["IpAddress"]


def configure(cluster, pool):
    """Starts the daemon anew with that pool."""
    cluster.manager.stop()
    (cluster.manager.directory / "cluster.yaml").write_text(
        json.dumps({"healthy_after_seconds": 0, "balancer_addresses": pool}))
    cluster.manager.start()


def balance(cluster, name, port):
    """A network load balancer of an echo."""
    group = cluster.group(name, "TCP", 9000)
    cluster.elb("RegisterTargets", TargetGroupArn=group, Targets=[{"Id": cluster.instances()[0]}])
    return cluster.balance(name, group, port)


def balance_page(cluster, name, port):
    """An application load balancer that answers with its name."""
    made = cluster.elb("CreateLoadBalancer", Name=name)["LoadBalancers"][0]
    page = {"Type": "fixed-response", "FixedResponseConfig": {
        "StatusCode": "200", "ContentType": "text/plain", "MessageBody": name}}
    cluster.elb("CreateListener", LoadBalancerArn=made["LoadBalancerArn"], Protocol="HTTP",
                Port=port, DefaultActions=[page])
    return made


def own_address(balancer):
    return balancer["AvailabilityZones"][0]["LoadBalancerAddresses"][0]["IpAddress"]


def echo_at(address, port):
    with socket.create_connection((address, port), 20) as made:
        return say(made)


def are_active(cluster):
    told = cluster.elb("DescribeLoadBalancers")["LoadBalancers"]
    return all(each["State"] == {"Code": "active"} for each in told)


@pytest.mark.timeout(120)
def test_balancers_with_and_without_addresses_of_their_own_share_ports(tmp_path):
    cluster = NetworkCluster(tmp_path / "hosts", None, 1, 1)
    echo = Echo(cluster.manager, 9000)
    ask = cluster.client.inside
    host = cluster.manager.address
    try:
        balance(cluster, "first", 80)
        balance_page(cluster, "page", 81)
        configure(cluster, ["10.99.1.1-10.99.1.2"])
        own_page = own_address(balance_page(cluster, "own-page", 80))
        own = balance(cluster, "own", 81)
        address = own_address(own)
        wait_until(lambda: are_active(cluster), cluster=cluster)
        for where, port in ((host, 80), (address, 81)):
            assert ask(echo_at, where, port) == f"{CLIENT} echo1"
        for where, port, page in ((host, 81, "page"), (own_page, 80, "own-page")):
            assert ask(http_get, where, port, "/")[0] == page

        # Who has an address keeps it when the pool is taken away.
        configure(cluster, [])
        balance_page(cluster, "late", 82)
        group = cluster.group("more", "TCP", 9000)
        cluster.elb("RegisterTargets", TargetGroupArn=group,
                    Targets=[{"Id": cluster.instances()[0]}])
        cluster.elb("CreateListener", LoadBalancerArn=own["LoadBalancerArn"], Protocol="TCP",
                    Port=82, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])
        wait_until(lambda: are_active(cluster), cluster=cluster)
        assert ask(http_get, host, 82, "/")[0] == "late"
        for where, port in ((host, 80), (address, 81), (address, 82)):
            assert ask(echo_at, where, port) == f"{CLIENT} echo1"

        cluster.elb("DeleteLoadBalancer", LoadBalancerArn=own["LoadBalancerArn"])
        wait_until(lambda: address not in cluster.manager.run(
            "ip", "-4", "address", "show", "dev", "eth0").stdout, cluster=cluster)
        wait_until(lambda: address not in cluster.manager.run(
            "nft", "list", "table", "ip", "ikada_balancers").stdout, cluster=cluster)
        assert ask(http_get, own_page, 80, "/")[0] == "own-page"
    finally:
        echo.close()
        cluster.close()
