"""Gossip members as processes, each on a host of its own: a network namespace on a bridge.

The hosts have the addresses 10.99.0.1, 10.99.0.2 and so on. Loss is made by nftables inside the
namespaces, because not every kernel has netem.
"""

import signal
import subprocess
import threading
import time

import programs
from net_hosts import Namespace

PROGRAM = programs.BUILD / "unit" / "gossip_member"
BRIDGE = "gossip0"
PORT = 7441
KEY = "5a" * 32


class Host(Namespace):
    """A namespace with one interface on the bridge."""

    def __init__(self, number):
        super().__init__()
        self.number = number
        self.address = f"10.99.0.{number}"
        self.wire = f"gossip-{number}"
        programs.run("ip", "link", "add", self.wire, "type", "veth", "peer", "name", "eth0",
                     "netns", self.pid)
        programs.run("ip", "link", "set", self.wire, "master", BRIDGE, "up")
        for words in (f"address add {self.address}/16 dev eth0", "link set eth0 up",
                      "link set lo up"):
            self.run("ip", *words.split())

    def set_link(self, is_up):
        programs.run("ip", "link", "set", self.wire, "up" if is_up else "down")

    def set_loss(self, percent):
        """Of the packets that arrive."""
        self.run("nft", "add table inet loss; delete table inet loss; add table inet loss; "
                 "add chain inet loss input { type filter hook input priority 0; }; "
                 f"add rule inet loss input numgen random mod 100 < {percent} drop")

    def bytes_sent(self):
        text = self.run_text("cat", "/proc/net/dev")
        return int(next(line for line in text.splitlines() if "eth0:" in line).split()[9])

    def run_text(self, *command):
        return programs.run("nsenter", "-n", "-t", self.pid, *command).stdout

    def end(self):
        programs.run("ip", "link", "delete", self.wire, check=False)
        super().end()


class Hosts:
    """`count` hosts on one bridge."""

    def __init__(self, count):
        programs.run("ip", "link", "add", BRIDGE, "type", "bridge")
        programs.run("ip", "link", "set", BRIDGE, "up")
        self.all = []
        try:
            for number in range(1, count + 1):
                self.all.append(Host(number))
        except BaseException:
            self.end()
            raise

    def end(self):
        for host in self.all:
            host.end()
        programs.run("ip", "link", "delete", BRIDGE, check=False)


class Member:
    """A gossip_member on a host. `events` are (seconds, kind, name) of CLOCK_MONOTONIC."""

    def __init__(self, host, seed=None):
        self.host = host
        self.name = f"m{host.number}"
        self.events = []
        seeds = [f"{seed.address}:{PORT}"] if seed else []
        self.process = subprocess.Popen(
            ["nsenter", "-n", "-t", str(host.pid), str(PROGRAM), self.name,
             f"{host.address}:{PORT}", KEY, *seeds],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            seconds, kind, *rest = line.split()
            self.events.append((float(seconds), kind, " ".join(rest)))

    def tell(self, command):
        self.process.stdin.write(command + "\n")

    def ask(self, command, answer, timeout=30):
        """What it says after the word `answer`."""
        start = len(self.events)
        self.tell(command)
        return self.wait(lambda event: event[1] == answer, timeout, start)[2]

    def wait(self, condition, timeout=30, start=0):
        """The first event that meets the condition."""
        deadline = time.monotonic() + timeout
        while True:
            for event in self.events[start:]:
                if condition(event):
                    return event
            assert time.monotonic() < deadline, f"{self.name} saw only {self.events[start:]}"
            time.sleep(0.01)

    def wait_for(self, kind, name, since=0.0, timeout=30):
        """When it found that of somebody, not before `since`."""
        return self.wait(
            lambda event: event[0] >= since and event[1:] == (kind, name), timeout)[0]

    def members(self):
        words = self.ask("members", "members").split()
        return dict(word.split("=") for word in words)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self._reader.join()
        self.process.stdout.close()


def wait_for_all(members, timeout=60):
    """Until all know each other."""
    names = {member.name for member in members}
    for member in members:
        for name in names - {member.name}:
            member.wait_for("joined", name, timeout=timeout)


def failures(members, since=0.0):
    return [(member.name, event) for member in members for event in member.events
            if event[1] == "failed" and event[0] >= since]
