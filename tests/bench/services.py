"""How quickly a service of real containers on one host grows, is replaced and heals.

No health checks, and healthy_after_seconds is 0, so that a rolling update waits for starts alone.
Where Debian's docker is installed, its swarm mode does the same in turn; it restarts without delay.
"""

import os
import statistics
import time

import swarm
import task_host

REGION = task_host.REGION
TIMEOUT_S = 120
WEB = "exec httpd -f -p 80 -h /"


class Bench:
    def __init__(self, scratch, ikada, image):
        self.server = task_host.start_host(scratch / "services", ikada,
                                           cluster={"healthy_after_seconds": 0})
        self.ikada = ikada
        self.definition = dict(family="web", containerDefinitions=[
            task_host.sh(image, WEB, "web", memory=16, cpu=1, stopTimeout=1,
                         portMappings=[{"containerPort": 80}])])
        self.api("RegisterTaskDefinition", **self.definition)

    def api(self, action, **members):
        status, _, body = self.server.raw(action, members)
        if status != 200:
            raise SystemExit(f"bench: {action}: {body}")
        return body

    def service(self):
        return self.api("DescribeServices", services=["web"])["services"][0]

    def until(self, holds):
        start = time.monotonic()
        while not holds(self.service()):
            if time.monotonic() - start > TIMEOUT_S:
                raise SystemExit(f"bench: the service does not come to rest: {self.service()}")
            time.sleep(0.005)
        return time.monotonic() - start

    def until_running(self, count):
        return self.until(lambda service: len(service["deployments"]) == 1 and
                          service["runningCount"] == count and service["pendingCount"] == 0)

    def create(self):
        self.api("CreateService", serviceName="web", taskDefinition="web", desiredCount=1)
        return self.until_running(1)

    def scale(self, count):
        self.api("UpdateService", service="web", desiredCount=count)
        return self.until_running(count)

    def roll(self, count, parallel):
        self.api("RegisterTaskDefinition", **self.definition)
        # One more percent than `parallel` tasks are, because what is allowed is rounded down.
        self.api("UpdateService", service="web", taskDefinition="web",
                 deploymentConfiguration={"minimumHealthyPercent": 100,
                                          "maximumPercent": 101 + 100 * parallel // count})
        return self.until_running(count)

    def kill_one(self, count):
        arn = self.api("ListTasks", serviceName="web")["taskArns"][0]
        task = self.api("DescribeTasks", tasks=[arn])["tasks"][0]
        self.ikada("kill", task["containers"][0]["runtimeId"])
        gone = self.until(lambda service: service["runningCount"] < service["desiredCount"])
        return gone + self.until_running(count)

    def remove(self):
        self.api("DeleteService", service="web", force=True)
        self.until(lambda service: service["status"] == "INACTIVE")


STEPS = {
    "1 task, from creation to RUNNING": lambda service: service.create(),
    "1 to 15 tasks RUNNING": lambda service: service.scale(15),
    "rolling update of 15, one at a time": lambda service: service.roll(15, 1),
    "rolling update of 15, five at once": lambda service: service.roll(15, 5),
    "a killed container's task replaced, RUNNING": lambda service: service.kill_one(15),
}


def take_turns(contestants, rounds):
    """{title: {contestant: [seconds]}}"""
    found = {title: {name: [] for name in contestants} for title in STEPS}
    for _ in range(rounds):
        for name, service in contestants.items():
            for title, step in STEPS.items():
                found[title][name].append(step(service))
            service.remove()
    return found


def run(scratch, ikada, image, quick):
    bench = Bench(scratch, ikada, image)
    rounds = 3 if quick else 10
    try:
        if os.path.exists("/usr/sbin/dockerd"):
            with swarm.SwarmDockerd(scratch / "swarm") as dockerd:
                found = take_turns({"ikada": bench, "swarm": swarm.Service(dockerd, image, WEB)},
                                   rounds)
        else:
            found = take_turns({"ikada": bench}, rounds)
    finally:
        bench.server.close()
    print(f"\na service of real containers on one host, n={rounds}, seconds"
          f"{'median':>17}{'worst':>8}")
    for title, seconds in found.items():
        for name, values in seconds.items():
            ratio = statistics.median(values) / statistics.median(seconds["ikada"])
            print(f"  {title:46} {name:8}{statistics.median(values):8.2f}{max(values):8.2f}"
                  f"{ratio:8.1f}")
