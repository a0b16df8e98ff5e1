"""How quickly a service of real containers on one host grows, is replaced and heals.

No health checks, and healthy_after_seconds is 0, so that a rolling update waits for starts alone.
"""

import statistics
import time

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

    def roll(self, minimum, maximum):
        self.api("RegisterTaskDefinition", **self.definition)
        self.api("UpdateService", service="web", taskDefinition="web",
                 deploymentConfiguration={"minimumHealthyPercent": minimum,
                                          "maximumPercent": maximum})
        return self.until_running(self.service()["desiredCount"])

    def kill_one(self):
        arn = self.api("ListTasks", serviceName="web")["taskArns"][0]
        task = self.api("DescribeTasks", tasks=[arn])["tasks"][0]
        self.ikada("kill", task["containers"][0]["runtimeId"])
        gone = self.until(lambda service: service["runningCount"] < service["desiredCount"])
        return gone + self.until_running(self.service()["desiredCount"])

    def remove(self):
        self.api("DeleteService", service="web", force=True)
        self.until(lambda service: service["status"] == "INACTIVE")


def run(scratch, ikada, image, quick):
    bench = Bench(scratch, ikada, image)
    found = {"1 task, from CreateService to RUNNING": [], "1 to 15 tasks RUNNING": [],
             "rolling update of 15, one at a time": [],
             "rolling update of 15, five at once": [],
             "a killed container's task replaced, RUNNING": []}
    try:
        for _ in range(3 if quick else 10):
            times = [bench.create(), bench.scale(15), bench.roll(100, 107), bench.roll(100, 134),
                     bench.kill_one()]
            for kept, took in zip(found.values(), times):
                kept.append(took)
            bench.remove()
    finally:
        bench.server.close()
    print(f"\na service of real containers on one host, seconds{'median':>17}{'worst':>8}")
    for title, seconds in found.items():
        print(f"  {title:54}{statistics.median(seconds):8.2f}{max(seconds):8.2f}")
