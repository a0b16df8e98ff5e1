"""Hosts of a cluster: network namespaces on one bridge, each with an ikadad of its own."""

import base64
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import programs
from gossip_members import Host

BRIDGE = "gossip0"  # gossip_members.Host puts its wires there.
START_TIMEOUT_S = 60
NO_TASKS = {"run_tasks": False}  # What agent.yaml says on a host for managing only.
CURL_NOT_CONNECTED = 7  # curl(1), "EXIT CODES".


class ClusterHost:
    """Its daemon runs from the beginning; call it as the `ikada` command on that host."""

    def __init__(self, number, directory, agent=None):
        self.net = Host(number)
        self.address = self.net.address
        self.directory = pathlib.Path(directory)
        self.root = self.directory / "root"
        self.run_root = self.directory / "run"
        self.directory.mkdir(parents=True)
        self.log = self.directory / "log"
        (self.directory / "agent.yaml").write_text(json.dumps(agent or {"limits": "ignore"}))
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.directory),
                            "IKADA_RUNTIME": str(programs.IKADA_RUNTIME)}
        self.process = None
        self.start()

    def _inside(self, *command):
        return ["nsenter", "-n", "-t", str(self.net.pid), *map(str, command)]

    def start(self):
        self.process = subprocess.Popen(
            self._inside(programs.IKADAD, "--run-root", self.run_root, "--root", self.root,
                         "--cluster-config", self.directory / "cluster.yaml",
                         "--agent-config", self.directory / "agent.yaml"),
            env=self.environment, stdin=subprocess.DEVNULL, stderr=open(self.log, "ab"))
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(str(self.run_root / "ikadad.sock"))
                return
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline
                time.sleep(0.02)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def __call__(self, *arguments, **options):
        options.setdefault("env", self.environment)
        return programs.run(*self._inside(programs.IKADA, "--root", self.root, "--run-root",
                                          self.run_root, *arguments), **options)

    def run(self, *command, **options):
        """Another program on that host."""
        return programs.run(*self._inside(*command), **options)

    def ask(self, target, body):
        """An action of an API on a manager, over its socket for root, once that is there."""
        command = ("curl", "-sS", "--unix-socket", self.run_root / "api.sock", "-d",
                   json.dumps(body), "-H", f"X-Amz-Target: {target}", "http://localhost/")
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            told = programs.run(*command, check=False)
            # It may be starting, but not while there is no daemon.
            if told.returncode != CURL_NOT_CONNECTED or self.process.poll() is not None or \
                    time.monotonic() > deadline:
                break
            time.sleep(0.1)
        assert told.returncode == 0, told.stderr
        return json.loads(told.stdout)

    def api(self, action, **body):
        return self.ask(f"AmazonEC2ContainerServiceV20141113.{action}", body)

    def images_api(self, action, **body):
        return self.ask(f"AmazonEC2ContainerRegistry_V20150921.{action}", body)

    def log_in(self, registry="127.0.0.1:7439"):
        """`ikada login` with a token that the manager on this host gives."""
        given = self.images_api("GetAuthorizationToken")["authorizationData"][0]
        token = base64.b64decode(given["authorizationToken"]).decode().removeprefix("AWS:")
        self("login", "-u", "AWS", "--password-stdin", registry, input=token)

    def status(self):
        return json.loads(self("cluster", "status", "-f", "json").stdout)

    def close(self):
        self.stop(signal.SIGKILL)
        programs.end_proxy(self.run_root)
        if (self.root / "containers").exists():
            left = self("ps", "-a", "-q", "--no-trunc").stdout.split()
            if left:
                self("rm", "-f", "-v", *left)
        self.net.end()


class Cluster:
    """`count` hosts that are in no cluster yet; the first is meant to be the manager."""

    def __init__(self, directory, count, archive=None, agents=()):
        programs.run("ip", "link", "add", BRIDGE, "type", "bridge")
        programs.run("ip", "link", "set", BRIDGE, "up")
        self.hosts = []
        try:
            for number in range(1, count + 1):
                agent = agents[number - 1] if number <= len(agents) else None
                host = ClusterHost(number, pathlib.Path(directory) / f"host{number}", agent)
                self.hosts.append(host)
                if archive:
                    host("load", "-q", "-i", archive)
        except BaseException:
            self.close()
            raise

    @property
    def manager(self):
        return self.hosts[0]

    def init(self):
        """What `cluster init` prints as JSON."""
        made = json.loads(self.manager("cluster", "init", "--json", "--advertise-addr",
                                       self.manager.address).stdout)
        self.token = made["workerToken"]
        return made

    def join(self, host, token=None, check=True):
        words = ("cluster", "join", "--name", f"host{host.net.number}", self.manager.address)
        for _ in range(60):
            told = host(*words, input=token or self.token, check=False)
            # Each manager that comes may make the others elect a leader anew.
            if not check or "try again" not in told.stderr:
                break
            time.sleep(0.5)
        assert not check or told.returncode == 0, f"{words}: {told.stderr}"
        return told

    def lead_with(self, count):
        """The first `count` hosts become managers, the others workers; call it after init()."""
        managers = self.hosts[:count]
        token = self.manager("cluster", "token", "manager").stdout.strip()
        for host in managers[1:]:
            self.join(host, token)
        for host in self.hosts[count:]:
            self.join(host)
        wait_until(lambda: sorted(node["State"] for node in self.nodes().values()) ==
                   ["connected"] * len(self.hosts), cluster=self)

    def leader(self):
        """The host whose manager leads, or None."""
        for host in self.hosts:
            if host.process.poll() is None and host.status().get("leads"):
                return host
        return None

    def nodes(self):
        lines = self.manager("node", "ls", "--format", "{{json .}}").stdout.splitlines()
        return {node["Name"].removesuffix(" *"): node for node in map(json.loads, lines)}

    def inspect(self):
        ids = self.manager("node", "ls", "-q").stdout.split()
        return json.loads(self.manager("node", "inspect", *ids).stdout)

    def close(self):
        # All at once: one after another they would wait for each other.
        for host in self.hosts:
            host.process.kill()
        for host in reversed(self.hosts):
            host.close()
        programs.run("ip", "link", "delete", BRIDGE, check=False)


def wait_until(holds, timeout_s=60, cluster=None):
    """What does not answer as it should, as managers do not while nobody leads, is asked again."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = failed = None
        try:
            value = holds()
        except (AssertionError, KeyError, ValueError) as error:
            failed = error
        if value:
            return value
        if time.monotonic() > deadline:
            logs = [host.log.read_text()[-1500:] for host in cluster.hosts] if cluster else []
            raise AssertionError("\n".join([f"not in {timeout_s} s: {value!r}", *logs])) from failed
        time.sleep(0.05)


def instances(cluster):
    answer = cluster.manager.api("ListContainerInstances")
    return len(answer.get("containerInstanceArns", []))


def instance_of(cluster, host):
    """The id of that host's container instance."""
    node, = json.loads(cluster.manager("node", "inspect", host.status()["node"]).stdout)
    return node["instance"]


def define_sleeper(cluster, image, script="sleep 1000", **container):
    cluster.manager.api("RegisterTaskDefinition", family="sleeper", networkMode="none",
                        containerDefinitions=[{"name": "app", "image": image, "memory": 16,
                                               "stopTimeout": 2,
                                               "command": ["sh", "-c", script], **container}])


def run_tasks(cluster, image, count, script="sleep 1000", **container):
    define_sleeper(cluster, image, script, **container)
    started = cluster.manager.api("RunTask", taskDefinition="sleeper", count=count,
                                  placementStrategy=[{"type": "spread", "field": "instanceId"}])
    assert started["failures"] == [], started
    return [task["taskArn"] for task in started["tasks"]]


def describe(cluster, arns):
    return cluster.manager.api("DescribeTasks", tasks=arns)["tasks"]


def wait_tasks(cluster, arns, status, timeout_s=90):
    def reached():
        tasks = describe(cluster, arns)
        return tasks if all(task["lastStatus"] == status for task in tasks) else None

    return wait_until(reached, timeout_s, cluster)
