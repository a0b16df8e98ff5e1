"""Network load balancers on a cluster of several hosts, and clients of them in a namespace of their
own, on the wire between the hosts.
"""

import json
import socket
import threading
import time

import cluster_hosts
from cluster_hosts import wait_until
from gossip_members import Host

CLIENT_NUMBER = 50
MANY_TALKERS = 8
# Answers with the address of who asks, and with its own name.
SERVE = r"""mkdir -p /tmp/www/cgi-bin; cd /tmp/www/cgi-bin
for name in who slow; do
  printf '#!/bin/sh\necho Content-Type: text/plain\necho\n%s\necho "$REMOTE_ADDR $(hostname)"\n' \
    "$([ $name = who ] || echo sleep 3)" > $name
done
chmod +x who slow
exec httpd -f -p 80 -h /tmp/www"""
HEALTH = {"HealthCheckIntervalSeconds": 1, "HealthCheckTimeoutSeconds": 1,
          "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2}
AGENT = {"limits": "ignore"}


class NetworkCluster(cluster_hosts.Cluster):
    """Hosts that are in the cluster, the first `managers` of them managers; and a client."""

    def __init__(self, directory, archive, hosts, managers, config=None):
        super().__init__(directory, hosts, archive, [AGENT] * hosts)
        try:
            for host in self.hosts:
                (host.directory / "cluster.yaml").write_text(
                    json.dumps({"healthy_after_seconds": 0, **(config or {})}))
            self.client = Host(CLIENT_NUMBER)
            self.init()
            self.lead_with(managers)
            wait_until(lambda: cluster_hosts.instances(self) == hosts, cluster=self)
        except BaseException:
            self.close()
            raise

    def elb(self, action, host=None, **body):
        answer = (host or self.manager).ask(f"ElasticLoadBalancing_v10.{action}", body)
        assert "__type" not in answer, answer
        return answer

    def group(self, name, protocol="TCP", port=80, attributes=None, **options):
        arn = self.elb("CreateTargetGroup", Name=name, Protocol=protocol, Port=port,
                       VpcId="vpc-1", **{**HEALTH, **options})["TargetGroups"][0]["TargetGroupArn"]
        set_to = {"deregistration_delay.timeout_seconds": "60", **(attributes or {})}
        self.elb("ModifyTargetGroupAttributes", TargetGroupArn=arn,
                 Attributes=[{"Key": key, "Value": value} for key, value in set_to.items()])
        return arn

    def balance(self, name, group, port, protocol="TCP", kind="network"):
        """The balancer, with a listener on that port."""
        made = self.elb("CreateLoadBalancer", Name=name, Type=kind)["LoadBalancers"][0]
        self.elb("CreateListener", LoadBalancerArn=made["LoadBalancerArn"], Protocol=protocol,
                 Port=port, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])
        return made

    def health(self, group):
        told = self.elb("DescribeTargetHealth", TargetGroupArn=group)
        return sorted(each["TargetHealth"]["State"] for each in told["TargetHealthDescriptions"])

    def wait_healthy(self, group, states):
        wait_until(lambda: self.health(group) == states, 120, self)

    def instances(self):
        return wait_until(
            lambda: [cluster_hosts.instance_of(self, host) for host in self.hosts], cluster=self)

    def service(self, name, image, group, count, **definition):
        self.manager.api("RegisterTaskDefinition", family=name, **{"containerDefinitions": [
            {"name": "web", "image": image, "memory": 16, "cpu": 1, "stopTimeout": 1,
             "command": ["sh", "-c", SERVE], "portMappings": [{"containerPort": 80}]}],
            **definition})
        options = {}
        if definition.get("networkMode") == "awsvpc":
            options["networkConfiguration"] = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
        made = self.manager.api(
            "CreateService", serviceName=name, taskDefinition=name, desiredCount=count,
            placementStrategy=[{"type": "spread", "field": "instanceId"}],
            loadBalancers=[{"targetGroupArn": group, "containerName": "web",
                            "containerPort": 80}], **options)
        assert "service" in made, made

    def wait_connected(self):
        def connected():
            # While nobody leads the command says so, with status 1.
            told = self.manager("node", "ls", "--format", "{{.State}}", check=False)
            return told.stdout.split() == ["connected"] * len(self.hosts)

        wait_until(connected, 120, self)

    def ask(self, address, port, count, path="/cgi-bin/who"):
        """{(address that the target saw, target's name)} of so many requests of the client."""
        seen = set()
        for _ in range(count):
            seen.add(self.client.inside(http_get, address, port, path))
        return seen

    def close(self):
        if hasattr(self, "client"):
            self.client.end()
        super().close()


def http_get(address, port, path, timeout=30):
    with socket.create_connection((address, port), timeout) as made:
        made.settimeout(timeout)
        made.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = b""
        while piece := made.recv(4096):
            answer += piece
    body = answer.decode().replace("\r", "").partition("\n\n")[2]
    client, _, name = body.strip().partition(" ")
    return client.removeprefix("[::ffff:").removesuffix("]"), name


def udp_ask(address, port):
    """(whose answer it was, what it said) or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.settimeout(20)
        made.sendto(b"who", (address, port))
        try:
            answer, sender = made.recvfrom(200)
        except TimeoutError:
            return None
        return sender[0], answer.decode()


class Echo:
    """A server on a host, in its network namespace: tells who speaks, TCP and UDP."""

    def __init__(self, host, port):
        self.name = f"echo{host.net.number}"
        self.tcp = host.net.inside(socket.create_server, ("0.0.0.0", port))
        self.udp = host.net.inside(_bound, port)
        for work in (self._serve_tcp, self._serve_udp):
            threading.Thread(target=work, daemon=True).start()

    def _serve_tcp(self):
        while True:
            try:
                made, (client, _) = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(made, client), daemon=True).start()

    def _talk(self, made, client):
        with made:
            try:
                while made.recv(100):
                    made.sendall(f"{client} {self.name}".encode())
            except OSError:
                pass

    def _serve_udp(self):
        while True:
            try:
                _, sender = self.udp.recvfrom(200)
            except OSError:
                return
            if sender is None:  # It was shut down.
                return
            self.udp.sendto(f"{sender[0]} {self.name}".encode(), sender)

    def close(self):
        for each in (self.tcp, self.udp):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()


def _bound(port):
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("0.0.0.0", port))
    return made


def say(connection):
    """What the target says now on a connection that is open."""
    connection.sendall(b"who")
    return connection.recv(100).decode()


class Talker:
    """A client's socket that sends every few milliseconds, and who has answered it."""

    def __init__(self, cluster, port):
        self.socket = cluster.client.inside(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(0.1)
        self.to = (cluster.manager.address, port)
        self.answers = []
        self.is_over = False
        self.threads = [threading.Thread(target=work) for work in (self._send, self._receive)]
        for each in self.threads:
            each.start()

    def _send(self):
        while not self.is_over:
            try:
                self.socket.sendto(b"who", self.to)
            except OSError:
                pass  # What an ICMP message of before has said.
            time.sleep(0.02)

    def _receive(self):
        while not self.is_over:
            try:
                answer = self.socket.recv(200).decode().split()[1]
            except OSError:
                continue
            self.answers.append((time.monotonic(), answer))

    def names(self, seconds=0.5):
        """Who has answered lately."""
        since = time.monotonic() - seconds
        return {name for at, name in self.answers[-200:] if at > since}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_over = True
        for each in self.threads:
            each.join()
        self.socket.close()


class Talkers:
    """Several: they have both of two targets, whichever the kernel's hash takes for each."""

    def __init__(self, cluster, port):
        self.all = [Talker(cluster, port) for _ in range(MANY_TALKERS)]

    def wait(self, cluster, *names):
        """Until each is answered, by these and no others."""
        def each_has_one():
            told = [each.names() for each in self.all]
            return all(len(one) == 1 for one in told) and set().union(*told) == set(names)
        wait_until(each_has_one, 60, cluster)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in self.all:
            each.__exit__()
