"""How long until the cluster knows that a host is gone: from the cut wire to its task's STOPPED.

A manager and two workers in network namespaces; the cut takes away one of two tasks. Beside it how
long a task takes from RunTask to RUNNING on another host, with the image there.
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

    def lose(self, host, arns):
        start = time.monotonic()
        host.net.set_link(False)
        wait_until(lambda: self.tasks(arns, "STOPPED"))
        took = time.monotonic() - start
        host.net.set_link(True)
        wait_until(lambda: all(node["State"] == "connected"
                               for node in self.cluster.nodes().values()))
        for arn in self.tasks(arns, "RUNNING"):
            self.manager.api("StopTask", task=arn)
        wait_until(lambda: len(self.tasks(arns, "STOPPED")) == 2)
        wait_until(lambda: host("ps", "-q").stdout == "")
        return took


def show(title, seconds):
    ordered = sorted(seconds)
    print(f"  {title:44}{statistics.median(ordered):8.2f}{ordered[-1]:8.2f}")


def run(scratch, image, archive, quick):
    bench = Bench(scratch, image, archive)
    rounds = 5 if quick else 30
    starts, losses = [], []
    try:
        for turn in range(rounds):
            arns, took = bench.run_two()
            starts.append(took)
            losses.append(bench.lose(bench.cluster.hosts[1 + turn % 2], arns))
    finally:
        bench.cluster.close()
    print(f"\na host that is cut off (n={rounds}), seconds{'median':>25}{'worst':>8}")
    show("until its task counts as STOPPED", losses)
    show("two tasks, from RunTask to RUNNING", starts)
