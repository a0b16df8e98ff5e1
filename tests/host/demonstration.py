"""What ikada is for, on hosts made of network namespaces; the last part of ./quickstart.

  unshare --net --mount python3 tests/host/demonstration.py [--hosts N] [--programs BUILD]

Builds an image, pushes it to the cluster's registry, puts a service behind a load balancer, scales
it to fifteen, rolls out a new revision under load and, with several hosts, loses one. Ends with
status 0 only if all of it went as it should, and removes everything.
"""

import argparse
import os
import pathlib
import sys
import tempfile
import time

HEALTHY_LIMIT_S = 150
REGISTRY = "127.0.0.1:7439"
CLIENT_ADDRESS = "10.99.255.254"
DOCKERFILE = """FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir -p /www /tmp
ARG version=1
ENV VERSION=$version
CMD echo "version $VERSION of $(hostname)" > /www/index.html && exec httpd -f -p 80 -h /www
"""


def application(image, count, version):
    """For `ikada apply`."""
    return f"""taskDefinitions:
  - family: web
    containerDefinitions:
      - name: web
        image: {image}:{version}
        memory: 32
        stopTimeout: 1
        portMappings: [{{containerPort: 80}}]
targetGroups:
  - name: web
    port: 80
    healthCheckIntervalSeconds: 1
    healthyThresholdCount: 2
    attributes: {{deregistration_delay.timeout_seconds: 5}}
loadBalancers:
  - name: web
    listeners: [{{port: 80, forward: web}}]
services:
  - serviceName: web
    taskDefinition: web
    desiredCount: {count}
    loadBalancers: [{{targetGroup: web, containerName: web, containerPort: 80}}]
"""


def step(text):
    print(f"\n\033[1m== {text}\033[0m", flush=True)


def must(holds, what):
    if not holds:
        raise SystemExit(f"demonstration: {what}")


class Show:
    def __init__(self, cluster, directory, modules):
        self.cluster = cluster
        self.directory = directory
        self.cluster_hosts, self.load = modules[:2]
        self.manager = cluster.manager
        self.image = f"{REGISTRY}/web"

    def ikada(self, *words, host=None, quiet=False):
        host = host or self.manager
        print(f"host{host.net.number}$ ikada {' '.join(map(str, words))}", flush=True)
        result = host(*words, timeout=120)
        if not quiet:
            print("\n".join(result.stdout.splitlines()[:20]), flush=True)
        return result.stdout

    def make_cluster(self):
        step(f"A cluster of {len(self.cluster.hosts)}, each host with an ikadad of its own")
        made = self.cluster.init()
        print("host1$ ikada cluster init\n"
              f"  the access key for aws, boto3 and Terraform is {made['accessKeyId']}")
        for host in self.cluster.hosts[1:]:
            print(f"host{host.net.number}$ ikada cluster join {self.manager.address}")
            self.cluster.join(host)
        self.cluster_hosts.wait_until(
            lambda: self.cluster_hosts.instances(self.cluster) == len(self.cluster.hosts),
            cluster=self.cluster)
        self.ikada("node", "ls")

    def build_and_push(self):
        step("An image: built, and pushed into the cluster's own registry")
        context = self.directory / "web"
        context.mkdir()
        (context / "Dockerfile").write_text(DOCKERFILE)
        (context / "busybox").write_bytes(pathlib.Path("/bin/busybox").read_bytes())
        (context / "busybox").chmod(0o755)
        print("host1$ aws ecr create-repository --repository-name web")
        self.manager.images_api("CreateRepository", repositoryName="web")
        print("host1$ aws ecr get-login-password | "
              f"ikada login -u AWS --password-stdin {REGISTRY}")
        self.manager.log_in(REGISTRY)
        for version in (1, 2):
            self.ikada("build", "-q", "-t", f"{self.image}:{version}", "--build-arg",
                       f"version={version}", context, quiet=True)
            self.ikada("push", f"{self.image}:{version}", quiet=True)

    def apply(self, count, version):
        path = self.directory / "web.yaml"
        path.write_text(application(self.image, count, version))
        return self.ikada("apply", "-f", path)

    def health(self):
        found = self.balancing("DescribeTargetGroups", Names=["web"])["TargetGroups"][0]
        told = self.balancing("DescribeTargetHealth", TargetGroupArn=found["TargetGroupArn"])
        return [each["TargetHealth"]["State"] for each in told["TargetHealthDescriptions"]]

    def balancing(self, action, **body):
        return self.manager.ask(f"ElasticLoadBalancing_v10.{action}", body)

    def wait_healthy(self, count):
        started = time.monotonic()
        while sorted(self.health()) != ["healthy"] * count:
            must(time.monotonic() - started < HEALTHY_LIMIT_S,
                 f"{self.health()} instead of {count} healthy targets")
            time.sleep(0.05)
        return time.monotonic() - started

    def open_load(self, rate=200):
        return self.load.Load(80, connections=8, rate=rate, host=self.manager.address)

    def names(self, count, version):
        """Asks until `count` hostnames of that version have answered."""
        with self.open_load() as load:
            deadline = time.monotonic() + 60
            while len(load.bodies) < count and time.monotonic() < deadline:
                time.sleep(0.05)
        names = {body.decode().split()[-1] for body in load.bodies
                 if body.startswith(f"version {version} ".encode())}
        must(len(names) == count and not load.failures,
             f"{len(names)} hostnames instead of {count}; {load.failures[:3]}")
        print(f"  {count} hostname{'s' if count > 1 else ''} answered: "
              f"{' '.join(sorted(names)[:5])}{' …' if count > 5 else ''}")

    def serve_one(self):
        step("A service behind a load balancer, from one file: one task")
        self.apply(1, 1)
        self.wait_healthy(1)
        self.names(1, 1)

    def scale(self, count):
        step(f"Scaled to {count}")
        started = time.monotonic()
        self.ikada("service", "scale", f"web={count}")
        self.wait_healthy(count)
        print(f"  {count} healthy behind the balancer after {time.monotonic() - started:.1f} s")
        self.names(count, 1)
        self.ikada("service", "ls")

    def roll_out(self, count):
        step("A new revision, rolled out under load")
        started = time.monotonic()
        with self.open_load() as load:
            self.apply(count, 2)
            self.wait_healthy(count)
        print(f"  {load.requests} requests meanwhile in {time.monotonic() - started:.1f} s, "
              f"{len(load.failures)} failed, the slowest took {load.slowest * 1000:.0f} ms")
        must(not load.failures, str(load.failures[:3]))
        self.names(count, 2)

    def lose_a_host(self, count):
        victim = self.cluster.hosts[-1]
        instance = self.cluster_hosts.instance_of(self.cluster, victim)
        must(self.has_tasks(instance), "it has none of the tasks")
        step(f"host{victim.net.number} is cut off")
        with self.open_load() as load:
            victim.net.set_link(False)
            started = time.monotonic()
            while "healthy" not in self.health() or self.has_tasks(instance):
                must(time.monotonic() - started < HEALTHY_LIMIT_S, "its tasks are not given up")
                time.sleep(0.1)
            self.wait_healthy(count)
            took = time.monotonic() - started
        print(f"  {count} healthy again after {took:.1f} s; {load.requests} requests meanwhile, "
              f"{len(load.failures)} of them failed")
        victim.net.set_link(True)
        self.ikada("node", "ls")

    def has_tasks(self, instance):
        arns = self.manager.api("ListTasks", serviceName="web")["taskArns"]
        tasks = self.manager.api("DescribeTasks", tasks=arns)["tasks"] if arns else []
        return any(task.get("containerInstanceArn", "").endswith(instance) for task in tasks)

    def remove_all(self):
        step("Removed")
        self.ikada("service", "rm", "-f", "web")
        for each in self.balancing("DescribeLoadBalancers")["LoadBalancers"]:
            self.balancing("DeleteLoadBalancer", LoadBalancerArn=each["LoadBalancerArn"])
        time.sleep(1)


def show_all(hosts, count, modules):
    cluster_hosts, load, programs = modules
    programs.run("ip", "link", "set", "lo", "up")
    with tempfile.TemporaryDirectory(prefix="ikada-demonstration-") as scratch:
        directory = pathlib.Path(scratch)
        cluster = cluster_hosts.Cluster(directory / "hosts", hosts)
        show = Show(cluster, directory, modules)
        try:
            programs.run("ip", "address", "add", f"{CLIENT_ADDRESS}/16", "dev",
                         cluster_hosts.BRIDGE)
            show.make_cluster()
            show.build_and_push()
            show.serve_one()
            show.scale(count)
            show.roll_out(count)
            if hosts > 1:
                show.lose_a_host(count)
            show.remove_all()
        finally:
            cluster.close()


def main():
    parser = argparse.ArgumentParser(description="What ikada is for, on hosts of this machine.")
    parser.add_argument("--hosts", type=int, default=1)
    parser.add_argument("--count", type=int, default=15)
    parser.add_argument("--programs", help="a build directory instead of what is installed")
    options = parser.parse_args()
    if options.programs:
        os.environ["IKADA_BUILD"] = options.programs
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    import cluster_hosts
    import load
    import programs
    if not options.programs:
        for name in ("IKADA", "IKADA_RUNTIME", "IKADAD"):
            setattr(programs, name, pathlib.Path("/usr/bin") / name.lower().replace("_", "-"))
    show_all(options.hosts, options.count, (cluster_hosts, load, programs))


if __name__ == "__main__":
    main()
