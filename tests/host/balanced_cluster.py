"""A service behind a balancer on a cluster of several hosts, and requests to it meanwhile.

Every manager carries the balancer; the client is beside the hosts and asks one of them, which is
never lost. Used by tests at small size and by tests/bench/under_load.py.
"""

import signal
import time
import urllib.request

import cluster_hosts
import programs
from cluster_faults import answered
from cluster_hosts import wait_until
from load import Load

CLIENT_ADDRESS = "10.99.255.254"
PORT = 80
# Ends as a server should: what it has begun it ends.
SERVE = "hostname > /tmp/index.html; exec httpd -f -p 80 -h /tmp"
HEALTH = {"HealthCheckPath": "/", "HealthCheckIntervalSeconds": 1, "HealthCheckTimeoutSeconds": 1,
          "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2}
AGENT = {"limits": "ignore"}


class BalancedCluster:
    def __init__(self, directory, archive, image, hosts=3, managers=3):
        self.image = image
        self.cluster = cluster_hosts.Cluster(directory, hosts, archive, [AGENT] * hosts)
        self.manager = self.cluster.manager
        self.carriers = self.cluster.hosts[:managers]
        try:
            programs.run("ip", "address", "add", f"{CLIENT_ADDRESS}/16", "dev",
                         cluster_hosts.BRIDGE)
            for host in self.cluster.hosts:
                (host.directory / "cluster.yaml").write_text('{"healthy_after_seconds": 0}')
            self.cluster.init()
            self.cluster.lead_with(managers)
            wait_until(lambda: cluster_hosts.instances(self.cluster) == hosts,
                       cluster=self.cluster)
        except BaseException:
            self.cluster.close()
            raise

    def elb(self, action, host=None, **body):
        return (host or self.manager).ask(f"ElasticLoadBalancing_v10.{action}", body)

    def counted(self, host):
        """Requests of the last minutes, as that manager says."""
        now = int(time.time())
        told = host.ask("GraniteServiceVersion20100801.GetMetricStatistics", {
            "Namespace": "AWS/ApplicationELB", "MetricName": "RequestCount", "Period": 86400,
            "Dimensions": [{"Name": "TargetGroup", "Value": self.group.rsplit(":", 1)[1]}],
            "StartTime": now - 300, "EndTime": now + 60, "Statistics": ["Sum"]})
        return sum(point["Sum"] for point in told["Datapoints"])

    def register(self):
        """A new revision of the task definition."""
        self.manager.api("RegisterTaskDefinition", family="web", containerDefinitions=[
            {"name": "web", "image": self.image, "memory": 16, "cpu": 1, "stopTimeout": 1,
             "command": ["sh", "-c", SERVE], "portMappings": [{"containerPort": 80}]}])

    def serve(self, count, delay=3):
        self.register()
        balancer = self.elb("CreateLoadBalancer", Name="web")["LoadBalancers"][0]
        self.group = self.elb("CreateTargetGroup", Name="web", Protocol="HTTP", Port=80,
                              VpcId="vpc-1", **HEALTH)["TargetGroups"][0]["TargetGroupArn"]
        self.set_delay(delay)
        self.elb("CreateListener", LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP",
                 Port=PORT, DefaultActions=[{"Type": "forward", "TargetGroupArn": self.group}])
        made = self.manager.api("CreateService", serviceName="web", taskDefinition="web",
                                desiredCount=count, loadBalancers=[
                                    {"targetGroupArn": self.group, "containerName": "web",
                                     "containerPort": 80}])
        assert "service" in made, made
        self.wait_healthy(count)
        for host in self.carriers:
            wait_until(lambda host=host: self.answers(host), cluster=self.cluster)

    def answers(self, host):
        try:
            urllib.request.urlopen(f"http://{host.address}:{PORT}/", timeout=20).close()
        except OSError:
            return False
        return True

    def set_delay(self, seconds):
        self.elb("ModifyTargetGroupAttributes", TargetGroupArn=self.group, Attributes=[
            {"Key": "deregistration_delay.timeout_seconds", "Value": str(seconds)}])

    def health(self, host=None):
        told = self.elb("DescribeTargetHealth", host, TargetGroupArn=self.group)
        return [each["TargetHealth"]["State"] for each in told["TargetHealthDescriptions"]]

    def service(self):
        return self.manager.api("DescribeServices", services=["web"])["services"][0]

    def tasks(self, status="RUNNING"):
        arns = answered(self.manager, "ListTasks", "taskArns", serviceName="web",
                        desiredStatus=status)["taskArns"]
        return answered(self.manager, "DescribeTasks", "tasks", tasks=arns)["tasks"] if arns else []

    def wait_healthy(self, count, timeout_s=150):
        """Seconds until there are exactly so many targets, all healthy, and one deployment."""
        started = time.monotonic()
        wait_until(lambda: self.health() == ["healthy"] * count and
                   len(self.service()["deployments"]) == 1 and
                   self.service()["runningCount"] == count, timeout_s, self.cluster)
        return time.monotonic() - started

    def load(self, rate, connections=16):
        return Load(PORT, connections=connections, rate=rate, host=self.manager.address)

    def roll_out(self, count):
        self.register()
        self.manager.api("UpdateService", service="web", taskDefinition="web")
        return self.wait_healthy(count)

    def roll_out_to(self, host, count):
        """Until that host has some of the tasks, too: new ones are spread among the old."""
        self.roll_out(count)
        while not self.on(host):
            self.roll_out(count)

    def scale(self, count):
        self.manager.api("UpdateService", service="web", desiredCount=count)
        return self.wait_healthy(count)

    def on(self, host):
        """Those of the service's tasks that are to run on that host."""
        instance = cluster_hosts.instance_of(self.cluster, host)
        return [task["taskArn"] for task in self.tasks()
                if task.get("containerInstanceArn", "").endswith(instance)]

    def drain(self, host, count):
        name = f"host{host.net.number}"
        self.manager("node", "drain", name)
        wait_until(lambda: not self.on(host), 120, self.cluster)
        took = self.wait_healthy(count)
        self.manager("node", "activate", name)
        return took

    def upgrade(self, host):
        """A new ikadad takes the place of the old one, as after an upgrade of the package."""
        host.stop()
        host.start()
        self.wait_connected()

    def wait_connected(self):
        def connected():
            # While nobody leads the command says so, with status 1.
            told = self.manager("node", "ls", "--format", "{{.State}}", check=False)
            return told.stdout.split() == ["connected"] * len(self.cluster.hosts)

        wait_until(connected, 120, self.cluster)

    def lose(self, host, count, meanwhile=lambda: None):
        """The host is gone at once. (until its tasks count as lost, until all are healthy again)"""
        on_host = set(self.on(host))
        assert on_host
        started = time.monotonic()
        host.net.set_link(False)
        meanwhile()
        wait_until(lambda: not on_host & {task["taskArn"] for task in self.tasks()},
                   90, self.cluster)
        lost = time.monotonic()
        wait_until(lambda: self.health().count("healthy") == count, 90, self.cluster)
        return lost - started, time.monotonic() - started

    def stop_with_delay(self, delay):
        """Seconds until a task that is stopped has been drained, its group's delay being that."""
        self.set_delay(delay)
        task = self.tasks()[0]["taskArn"]
        started = time.monotonic()
        self.manager.api("StopTask", task=task)
        wait_until(lambda: self.manager.api("DescribeTasks", tasks=[task])["tasks"][0][
            "lastStatus"] == "STOPPED", delay, self.cluster)
        return time.monotonic() - started

    def kill_leader(self):
        """SIGKILL for the daemon that leads; it is started again. The host."""
        leader = wait_until(self.cluster.leader, cluster=self.cluster)
        leader.stop(signal.SIGKILL)
        leader.start()
        self.wait_connected()
        return leader

    def close(self):
        self.cluster.close()
