"""How long until the cluster knows that a host is gone: from the cut wire to its task's STOPPED,
and until the service that it belonged to has another one RUNNING.

A manager and two workers in network namespaces; the cut takes away one of two tasks of a service.
Beside it how long two tasks take from RunTask to RUNNING on other hosts, with the image there.
"""

import statistics
import time

import cluster_hosts

TIMEOUT_S = 30


def wait_until(holds):
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > deadline:
            raise SystemExit("bench: the cluster does not come to rest")
        time.sleep(0.01)


class Bench:
    def __init__(self, scratch, image, archive):
        self.cluster = cluster_hosts.Cluster(scratch / "loss", 3, archive, [{"run_tasks": False}])
        self.manager = self.cluster.manager
        (self.manager.directory / "cluster.yaml").write_text('{"healthy_after_seconds": 0}')
        self.cluster.init()
        for host in self.cluster.hosts[1:]:
            self.cluster.join(host)
        self.manager.api("RegisterTaskDefinition", family="sleeper", networkMode="none",
                         containerDefinitions=[{"name": "app", "image": image, "memory": 16,
                                                "stopTimeout": 1, "command": ["sleep", "1000"]}])
        wait_until(lambda: len(self.manager.api("ListContainerInstances")
                               .get("containerInstanceArns", [])) == 2)

    def tasks(self, arns, status):
        found = self.manager.api("DescribeTasks", tasks=arns)["tasks"]
        return [task["taskArn"] for task in found if task["lastStatus"] == status]

    def run_two(self):
        start = time.monotonic()
        arns = [task["taskArn"] for task in self.manager.api(
            "RunTask", taskDefinition="sleeper", count=2,
            placementStrategy=[{"type": "spread", "field": "instanceId"}])["tasks"]]
        wait_until(lambda: len(self.tasks(arns, "RUNNING")) == 2)
        return arns, time.monotonic() - start

    def stop(self, arns):
        for arn in arns:
            self.manager.api("StopTask", task=arn)
        wait_until(lambda: len(self.tasks(arns, "STOPPED")) == len(arns))

    def begin_service(self):
        self.manager.api("CreateService", serviceName="pair", taskDefinition="sleeper",
                         desiredCount=2)
        wait_until(lambda: len(self.service_tasks()) == 2)

    def service_tasks(self):
        arns = self.manager.api("ListTasks", serviceName="pair")["taskArns"]
        return self.tasks(arns, "RUNNING") if arns else []

    def lose(self, host):
        """Seconds until a task counts as STOPPED, and until there are two again."""
        before = set(self.service_tasks())
        start = time.monotonic()
        host.net.set_link(False)
        wait_until(lambda: self.tasks(list(before), "STOPPED"))
        stopped = time.monotonic() - start
        wait_until(lambda: len(self.service_tasks()) == 2)
        replaced = time.monotonic() - start
        host.net.set_link(True)
        wait_until(lambda: all(node["State"] == "connected"
                               for node in self.cluster.nodes().values()))
        wait_until(lambda: host("ps", "-q").stdout == "")
        self.scale(0)
        self.scale(2)  # One on each host again.
        return stopped, replaced

    def scale(self, count):
        self.manager.api("UpdateService", service="pair", desiredCount=count)
        wait_until(lambda: self.manager.api("DescribeServices", services=["pair"])["services"][0]
                   ["runningCount"] == count)


def show(title, seconds):
    ordered = sorted(seconds)
    print(f"  {title:52}{statistics.median(ordered):8.2f}{ordered[-1]:8.2f}")


def run(scratch, image, archive, quick):
    bench = Bench(scratch, image, archive)
    rounds = 5 if quick else 30
    starts, stops, replacements = [], [], []
    try:
        for _ in range(rounds):
            arns, took = bench.run_two()
            starts.append(took)
            bench.stop(arns)
        bench.begin_service()
        for turn in range(rounds):
            stopped, replaced = bench.lose(bench.cluster.hosts[1 + turn % 2])
            stops.append(stopped)
            replacements.append(replaced)
    finally:
        bench.cluster.close()
    print(f"\na host that is cut off (n={rounds}), seconds{'median':>33}{'worst':>8}")
    show("until its task counts as STOPPED", stops)
    show("until the service has another one RUNNING", replacements)
    show("two tasks, from RunTask to RUNNING", starts)
