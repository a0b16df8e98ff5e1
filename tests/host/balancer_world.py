"""Fixtures of the balancer's tests: a balancer, targets, and load on it."""

import json
import re
import signal
import subprocess

import pytest

from balancer import Balancer, Target, forward, group, listener, plan

PORT = 18080
URL = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def balancer(tmp_path):
    proxy = Balancer(tmp_path / "proxy")
    yield proxy
    proxy.end()


@pytest.fixture
def start():
    """start(count): that many targets with ports of their own."""
    targets = []

    def make(count):
        new = [Target(f"t{number}", 19100 + number)
               for number in range(len(targets), len(targets) + count)]
        targets.extend(new)
        return new

    yield make
    for target in targets:
        target.kill()


def serve(balancer, targets, draining=(), **options):
    planned = [target.planned(draining=target in draining) for target in targets]
    balancer.apply(plan([listener(PORT, forward("web"))], [group("web", planned, **options)]))


def get(path="/", timeout=30):
    """(status, the target's answer or None); status 0 if there was no answer."""
    done = subprocess.run(["curl", "-s", "-m", str(timeout), "-w", "\n%{http_code}", URL + path],
                          capture_output=True, text=True, timeout=timeout + 5)
    body, _, code = done.stdout.rpartition("\n")
    return int(code), json.loads(body) if body.startswith("{") else None


class Load:
    """wrk until finish(); `errors` says what was not a success, empty if nothing."""

    def __init__(self, connections=16):
        self.process = subprocess.Popen(
            ["wrk", "-t1", f"-c{connections}", "-d600s", "--timeout", "30s", "--latency",
             URL + "/"], stdout=subprocess.PIPE, text=True)

    def finish(self):
        self.process.send_signal(signal.SIGINT)
        self.output = self.process.communicate(timeout=60)[0]
        self.requests = int(re.search(r"(\d+) requests in", self.output)[1])
        self.errors = [line.strip() for line in self.output.splitlines()
                       if "Non-2xx" in line or "Socket errors" in line]
        return self
