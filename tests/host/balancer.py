"""A proxy_driver with its HAProxy, and the targets it sends requests to."""

import http.client
import json
import os
import pathlib
import queue
import signal
import socket
import subprocess
import sys
import threading
import time

import programs

DRIVER = programs.BUILD / "unit" / "proxy_driver"
PATIENCE_S = 60
TARGET = pathlib.Path(__file__).with_name("balancer_target.py")


class Target:
    """A server of its own process; `id` as a plan has it."""

    def __init__(self, name, port):
        self.name = self.id = name
        self.port = port
        self.start()

    def start(self):
        self.process = subprocess.Popen([sys.executable, TARGET, self.name, str(self.port)],
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def ask(self, query=""):
        """What it says itself, with nobody between."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request("GET", "/health?" + query)
        told = json.loads(connection.getresponse().read())
        connection.close()
        return told

    @property
    def held(self):
        return self.ask()["held"]

    def planned(self, draining=False):
        return {"id": self.id, "address": "127.0.0.1", "port": self.port, "draining": draining}

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def group(name, targets, **options):
    """A group whose targets are checked each second; none is too slow for it."""
    check = {"path": "/health", "intervalSeconds": 1, "timeoutSeconds": 20,
             "healthyThreshold": 2, "unhealthyThreshold": 2, **options.pop("check", {})}
    planned = [target.planned() if isinstance(target, Target) else target for target in targets]
    return {"name": name, "targets": planned, "healthCheck": check, **options}


def forward(*names, stickiness=0):
    """Names, or (name, weight)."""
    groups = [{"targetGroup": name, "weight": 1} if isinstance(name, str)
              else {"targetGroup": name[0], "weight": name[1]} for name in names]
    return {"type": "forward", "groups": groups, "groupStickinessSeconds": stickiness}


def rule(priority, conditions, action):
    return {"id": f"{priority:016x}", "priority": priority, "conditions": conditions,
            "actions": [action]}


def listener(port, action, **options):
    return {"name": f"web-{port}", "address": "127.0.0.1", "port": port,
            "defaultActions": [action], **options}


def plan(listeners, groups):
    return {"listeners": listeners, "groups": groups}


class Balancer:
    """proxy_driver in `directory`."""

    program = "/usr/sbin/haproxy"

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.start()

    def start(self):
        self.targets = {}
        self.problems = {}
        self.serving = []  # Revisions, in their order.
        self.logged = []
        self.answers = queue.Queue()
        self.process = subprocess.Popen([DRIVER, self.directory, self.program],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()

    def _read(self, process):
        for line in process.stdout:
            word, _, text = line.partition(" ")
            if word == "targets":
                self.targets = json.loads(text)
            elif word == "problems":
                self.problems = json.loads(text)
            elif word == "serving":
                self.serving = [*self.serving, json.loads(text)]
            elif word in ("counts", "stopped", "error"):
                self.answers.put((word, json.loads(text)))
            else:
                self.logged.append(line)

    def say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def ask(self, text):
        self.say(text)
        return self.answers.get(timeout=PATIENCE_S)

    def apply(self, planned):
        self.say(json.dumps(planned))

    def state(self, group_name, target):
        return self.targets.get(group_name, {}).get(target.id, ["unknown", "", "", 0])

    def await_state(self, group_name, target, state):
        wait(lambda: self.state(group_name, target)[0] == state, describe=lambda:
             f"{target.id} is {self.state(group_name, target)}, not {state}")

    def await_healthy(self, group_name, *targets):
        for target in targets:
            self.await_state(group_name, target, "healthy")

    @property
    def master(self):
        """HAProxy's pid, or None."""
        try:
            pid = int((self.directory / "haproxy.pid").read_text().split()[0])
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, IndexError, ProcessLookupError):
            return None
        return pid if str(self.directory / "haproxy.cfg").encode() in command else None

    def worker(self):
        return int(next(line.split(": ")[1] for line in self.runtime("show info").splitlines()
                        if line.startswith("Pid: ")))

    def workers_master(self):
        """HAProxy's pid, or None, where its pid file may not say it."""
        try:
            status = pathlib.Path(f"/proc/{self.worker()}/status").read_text()
        except (OSError, StopIteration):
            return None
        return int(next(line.split()[1] for line in status.splitlines()
                        if line.startswith("PPid:")))

    def runtime(self, command):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(self.directory / "runtime.sock"))
            sock.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: sock.recv(65536), b"")).decode()

    def kill_driver(self):
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self):
        self._reader.join()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdout.close()

    def end(self):
        """Ends HAProxy, too."""
        if self.process.poll() is None:
            self.ask("stop")
            self.process.stdin.close()
            self.process.wait(timeout=PATIENCE_S)
            self._reader.join()
            self.process.stdout.close()
        if self.master is not None:
            os.kill(self.master, signal.SIGKILL)


def wait(is_true, timeout=PATIENCE_S, describe=lambda: "still not true"):
    until = time.monotonic() + timeout
    while not is_true():
        assert time.monotonic() < until, describe()
        time.sleep(0.01)
