"""HTTPS listeners with certificates of the cluster's own, and a client beside their hosts.

The listeners answer themselves: there are no targets.
"""

import json
import os

import cluster_hosts
import ecs_server
import programs
from cluster_hosts import NO_TASKS, wait_until

CLIENT_ADDRESS = "10.99.255.253"
REGION = "us-east-1"  # Of requests that nobody has signed.


class Listeners:
    """A cluster of so many managers, and hosts that are in none; `config` is in cluster.yaml."""

    def __init__(self, directory, managers=1, spares=0, **config):
        hosts = managers + spares
        self.cluster = cluster_hosts.Cluster(directory, hosts, None, [NO_TASKS] * hosts)
        self.manager = self.cluster.manager
        try:
            programs.run("ip", "address", "add", f"{CLIENT_ADDRESS}/16", "dev",
                         cluster_hosts.BRIDGE)
            for host in self.cluster.hosts[:managers]:
                (host.directory / "cluster.yaml").write_text(json.dumps(config))
            self.access = self.cluster.init()
            if managers > 1:
                self.cluster.lead_with(managers)
        except BaseException:
            self.cluster.close()
            raise
        self.forwarder = ecs_server.Forwarder(self.manager.run_root / "api.sock")
        self.acm = ecs_server.checked_client(f"http://127.0.0.1:{self.forwarder.port}", REGION,
                                             "acm")

    def close(self):
        self.forwarder.stop()
        self.cluster.close()

    def aws(self, *words, check=True):
        """The real command, on the manager's host, by the port where signatures count."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.manager.directory),
                       "AWS_ACCESS_KEY_ID": self.access["accessKeyId"],
                       "AWS_SECRET_ACCESS_KEY": self.access["secretAccessKey"],
                       "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""}
        told = self.manager.run(
            "/usr/bin/aws", "--endpoint-url", "http://127.0.0.1:7439", "--region", REGION,
            "--output", "json", *words, env=environment, check=check)
        return json.loads(told.stdout) if check and told.stdout.strip() else told

    def elb(self, action, **body):
        return self.manager.ask(f"ElasticLoadBalancing_v10.{action}", body)

    def listen(self, arn, port=443, name="web"):
        """The listener's ARN; it answers "here" to everything."""
        balancer = self.elb("CreateLoadBalancer", Name=name)["LoadBalancers"][0]
        made = self.elb("CreateListener", LoadBalancerArn=balancer["LoadBalancerArn"],
                        Protocol="HTTPS", Port=port, Certificates=[{"CertificateArn": arn}],
                        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {
                            "StatusCode": "200", "MessageBody": "here"}}])
        assert "Listeners" in made, made
        return made["Listeners"][0]["ListenerArn"]

    @property
    def authority(self):
        return self.manager.root / "cluster" / "ca.pem"

    def get(self, name, host=None, port=443, authority=None):
        """What curl gets, "" without trust or an answer."""
        address = (host or self.manager).address
        return programs.run("curl", "-sS", "-m", "20", "--cacert", authority or self.authority,
                            "--resolve", f"{name}:{port}:{address}", f"https://{name}:{port}/",
                            check=False).stdout

    def wait_for(self, name, **options):
        wait_until(lambda: self.get(name, **options) == "here", cluster=self.cluster)

    def files(self, host):
        return sorted((host.run_root / "certificates").glob("*"))
