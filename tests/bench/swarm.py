"""Docker in swarm mode, as the other contestant of services.py: the same steps, waited for alike.

A dockerd of its own, with a swarm of this one host; its tasks are on docker's default bridge. It is
asked through its socket, because the docker command would take part of each time.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import time

import daemons

TIMEOUT_S = 180


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("docker", timeout=TIMEOUT_S)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(self._path)


class SwarmDockerd(daemons.Daemon):
    def __init__(self, directory):
        self.socket = f"{directory}/docker.sock"
        super().__init__(directory, [
            "/usr/sbin/dockerd", "--data-root", f"{directory}/data", "--exec-root",
            f"{directory}/exec", "--pidfile", f"{directory}/pid", "--host", f"unix://{self.socket}",
            "--iptables=false", "--oom-score-adjust", "0", "--storage-driver", "overlay2"],
            f"/usr/bin/docker --host unix://{self.socket} version")

    def ask(self, method, path, body=None):
        connection = UnixConnection(self.socket)
        connection.request(method, f"/v1.41{path}", json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 400:
            raise SystemExit(f"bench: docker: {method} {path}: {text.decode()}")
        # A pull answers with one object a line.
        return json.loads(text) if text and path.startswith(("/services", "/tasks")) else None


class Service:
    """`command` runs in each task, of which there is one after create()."""

    def __init__(self, dockerd, image, command):
        self.dockerd = dockerd
        self.image = image
        self.command = command
        name, _, tag = image.rpartition(":")
        dockerd.ask("POST", f"/images/create?fromImage={name}&tag={tag}")
        dockerd.ask("POST", "/swarm/init", {"ListenAddr": "127.0.0.1:2377",
                                            "AdvertiseAddr": "127.0.0.1"})
        self.round = 0

    def wanted(self, count, parallel=1):
        self.round += 1  # A new revision each time.
        return {"Name": "web",
                "TaskTemplate": {
                    "ContainerSpec": {"Image": self.image, "Command": ["sh", "-c", self.command],
                                      "Env": [f"ROUND={self.round}"],
                                      "StopGracePeriod": 1_000_000_000},
                    "RestartPolicy": {"Condition": "any", "Delay": 0}},
                "Mode": {"Replicated": {"Replicas": count}},
                "UpdateConfig": {"Parallelism": parallel, "Order": "start-first"}}

    def running(self):
        tasks = self.dockerd.ask("GET", '/tasks?filters={"service":["web"]}') or []
        return [task for task in tasks if task["Status"]["State"] == "running"]

    def until(self, holds):
        start = time.monotonic()
        while not holds():
            if time.monotonic() - start > TIMEOUT_S:
                raise SystemExit("bench: docker's service does not come to rest")
            time.sleep(0.005)
        return time.monotonic() - start

    def until_running(self, count):
        def rests():
            running = self.running()
            return len(running) == count and all(self.is_new(task) for task in running)
        return self.until(rests)

    def is_new(self, task):
        return task["Spec"]["ContainerSpec"]["Env"] == self.env

    def create(self):
        spec = self.wanted(1)
        self.env = spec["TaskTemplate"]["ContainerSpec"]["Env"]
        self.dockerd.ask("POST", "/services/create", spec)
        return self.until_running(1)

    def change(self, spec):
        version = self.dockerd.ask("GET", "/services/web")["Version"]["Index"]
        self.dockerd.ask("POST", f"/services/web/update?version={version}", spec)

    def scale(self, count):
        spec = self.dockerd.ask("GET", "/services/web")["Spec"]
        spec["Mode"]["Replicated"]["Replicas"] = count
        self.change(spec)
        return self.until_running(count)

    def roll(self, count, parallel):
        spec = self.wanted(count, parallel)
        self.env = spec["TaskTemplate"]["ContainerSpec"]["Env"]
        self.change(spec)
        return self.until_running(count)

    def kill_one(self, count):
        victim = self.running()[0]
        os.kill(victim["Status"]["ContainerStatus"]["PID"], signal.SIGKILL)
        gone = self.until(lambda: victim["ID"] not in [task["ID"] for task in self.running()])
        return gone + self.until_running(count)

    def remove(self):
        self.dockerd.ask("DELETE", "/services/web")
        self.until(lambda: not self.containers())

    def containers(self):
        return subprocess.run(
            ["/usr/bin/docker", "--host", f"unix://{self.dockerd.socket}", "ps", "-aq"],
            capture_output=True, text=True, timeout=30, check=True).stdout.split()
