"""How long until the cluster knows that a host is gone: until its task counts as STOPPED, which is
in the store then, and until the service that it belonged to has another one RUNNING.

A manager and two workers in network namespaces; each time one of two tasks of a service is taken
away, in five ways. Beside it how long two tasks take from RunTask to RUNNING on other hosts, with
the image there.
"""

import contextlib
import math
import statistics
import time

import cluster_faults
import cluster_hosts

TIMEOUT_S = 40


def wait_until(holds):
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > deadline:
            raise SystemExit("bench: the cluster does not come to rest")
        time.sleep(0.01)


@contextlib.contextmanager
def without_power(host, _others):
    lost = cluster_faults.lose_power(host)
    try:
        yield lost
    finally:
        cluster_faults.give_power(host)


@contextlib.contextmanager
def without_link(host, _others):
    lost = time.monotonic()
    host.net.set_link(False)
    try:
        yield lost
    finally:
        host.net.set_link(True)


@contextlib.contextmanager
def standing_still(host, _others):
    lost = time.monotonic()
    with cluster_faults.paused(host):
        yield lost


@contextlib.contextmanager
def deaf(host, others):
    lost = time.monotonic()
    cluster_faults.cut(host, others, out_of=False)
    try:
        yield lost
    finally:
        cluster_faults.mend(host)


@contextlib.contextmanager
def mute(host, others):
    lost = time.monotonic()
    cluster_faults.cut(host, others, into=False)
    try:
        yield lost
    finally:
        cluster_faults.mend(host)


WAYS = {"all its processes and its link are killed": without_power, "its link is cut": without_link,
        "SIGSTOP of its daemon": standing_still, "it hears nothing": deaf, "it is not heard": mute}


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

    def lose(self, host, way):
        """Seconds until a task counts as STOPPED, and until there are two again."""
        before = list(self.service_tasks())
        with way(host, [each for each in self.cluster.hosts if each is not host]) as lost:
            wait_until(lambda: self.tasks(before, "STOPPED"))
            stopped = time.monotonic() - lost
            wait_until(lambda: len(self.service_tasks()) == 2)
            replaced = time.monotonic() - lost
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
    p99 = ordered[math.ceil(0.99 * len(ordered)) - 1]
    print(f"  {title:64}{statistics.median(ordered):8.2f}{p99:8.2f}{ordered[-1]:8.2f}", flush=True)


def run(scratch, image, archive, quick):
    bench = Bench(scratch, image, archive)
    rounds = 3 if quick else 25
    starts, stops = [], {}
    try:
        for _ in range(rounds):
            arns, took = bench.run_two()
            starts.append(took)
            bench.stop(arns)
        bench.begin_service()
        for turn in range(rounds):
            for name, way in WAYS.items():
                stopped, replaced = bench.lose(bench.cluster.hosts[1 + turn % 2], way)
                stops.setdefault(f"{name}: its task counts as STOPPED", []).append(stopped)
                stops.setdefault(f"{name}: another one is RUNNING", []).append(replaced)
    finally:
        bench.cluster.close()
    print(f"\na host is lost (n={rounds}), seconds{'median':>40}{'p99':>8}{'worst':>8}")
    for title, seconds in stops.items():
        show(title, seconds)
    show("two tasks, from RunTask to RUNNING", starts)
