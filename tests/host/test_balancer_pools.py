"""A pool of addresses that has others' addresses in it, too: those are nobody's."""

import json

from cluster_hosts import Cluster


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
