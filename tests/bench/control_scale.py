"""A manager with 64 hosts and 5000 tasks, which run in name only: memory, and changes at a fixed
rate, each answered when it is on the disk, one RunTask or StopTask after another in turns.

Once with the store in a file, and once with three managers and etcd, asked at the leading one. A
change's time counts from when it was due, not from when a connection was free for it.
"""

import json
import math
import os
import pathlib
import subprocess
import threading
import time

import cluster_hosts
from api_connection import ApiConnection

INSTANCES, SERVICES, TASKS_EACH = 64, 200, 25
RATE = 100  # Changes a second.
CONNECTIONS = 24
SETTLE_S = 300
RESOURCES = [{"name": "CPU", "type": "INTEGER", "integerValue": 65536},
             {"name": "MEMORY", "type": "INTEGER", "integerValue": 131072}]
VIRTUAL = json.dumps({"virtual_instances": True, "healthy_after_seconds": 0})


class Connection(ApiConnection):
    def call(self, action, **body):
        status, answer = self.ask(action, **body)
        if status != 200:
            raise SystemExit(f"bench: {action}: {answer}")
        return answer


def rss_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]
               ) / 1024


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Disk(threading.Thread):
    """How long 4 KiB take to the disk meanwhile: what no change can be quicker than."""

    def __init__(self, directory):
        super().__init__(daemon=True)
        self.path = directory / "written"
        self.times_ms = []
        self.is_over = False
        self.start()

    def run(self):
        file = os.open(self.path, os.O_CREAT | os.O_WRONLY)
        while not self.is_over:
            start = time.monotonic()
            os.pwrite(file, bytes(4096), 4096 * (len(self.times_ms) % 1000))
            os.fdatasync(file)
            self.times_ms.append(1000 * (time.monotonic() - start))
            time.sleep(0.1)
        os.close(file)

    def end(self):
        self.is_over = True
        self.join()
        return quantiles(self.times_ms)


def quantiles(times):
    ordered = sorted(times)
    return [ordered[math.ceil(part * len(ordered)) - 1] for part in (0.5, 0.99, 1)]


def etcd_of(host):
    found = subprocess.run(["pgrep", "-f", f"data-dir={host.root}"], capture_output=True,
                           text=True, check=False).stdout.split()
    return int(found[0]) if found else None


def fill(api):
    """64 instances, and services that have 5000 tasks RUNNING; the seconds that took."""
    for _ in range(INSTANCES):
        api.call("RegisterContainerInstance", totalResources=RESOURCES)
    api.call("RegisterTaskDefinition", family="web", networkMode="none",
             containerDefinitions=[{"name": "app", "image": "busybox", "memory": 32}])
    start = time.monotonic()
    for number in range(SERVICES):
        api.call("CreateService", serviceName=f"s{number}", taskDefinition="web",
                 desiredCount=TASKS_EACH)
    while True:
        cluster = api.call("DescribeClusters")["clusters"][0]
        if cluster["runningTasksCount"] == SERVICES * TASKS_EACH:
            return time.monotonic() - start
        if time.monotonic() - start > SETTLE_S:
            raise SystemExit(f"bench: the services do not come to rest: {cluster}")
        time.sleep(0.2)


class Changes:
    """RunTask and StopTask in turns, RATE of them a second in all."""

    def __init__(self, path, seconds):
        self.path = path
        self.start = time.monotonic() + 0.5
        self.left = iter(range(RATE * seconds))
        self.lock = threading.Lock()
        self.times_ms = []
        threads = [threading.Thread(target=self.work) for _ in range(CONNECTIONS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.took_s = time.monotonic() - self.start

    def work(self):
        api = Connection(self.path)
        task = None
        while True:
            with self.lock:
                number = next(self.left, None)
            if number is None:
                return
            due = self.start + number / RATE
            time.sleep(max(0.0, due - time.monotonic()))
            if task is None:
                task = api.call("RunTask", taskDefinition="web")["tasks"][0]["taskArn"]
            else:
                api.call("StopTask", task=task)
                task = None
            self.times_ms.append(1000 * (time.monotonic() - due))


def measure(title, path, pid, quick, etcd=None):
    api = Connection(path)
    before = rss_mib(pid)
    took = fill(api)
    filled = rss_mib(pid)
    busy = cpu_s(pid)
    disk = Disk(path.parent)
    changes = Changes(path, 10 if quick else 60)
    busy = cpu_s(pid) - busy
    p50, p99, worst = quantiles(changes.times_ms)
    count = len(changes.times_ms)
    print(f"  {title:24}{count / changes.took_s:11.0f}{p50:10.1f}{p99:10.1f}{worst:10.1f}"
          f"{1000 * busy / count:9.1f}{before:9.0f}{filled:9.0f}{rss_mib(pid):9.0f}{took:9.1f}")
    p50, p99, worst = disk.end()
    print(f"  {'fdatasync meanwhile':35}{p50:10.1f}{p99:10.1f}{worst:10.1f}", flush=True)
    if etcd:
        print(f"  {'its member of etcd':24}{rss_mib(etcd):68.0f} MiB", flush=True)


def run(scratch, quick):
    print(f"\n{INSTANCES} hosts, {SERVICES * TASKS_EACH} tasks in name only; changes, ms, the "
          f"daemon's processor time for each, and its memory, MiB\n  {'':24}{'changes/s':>11}"
          f"{'p50':>10}{'p99':>10}{'worst':>10}{'CPU':>9}{'empty':>9}{'filled':>9}{'at last':>9}"
          f"{'filled in s':>12}")
    for title, managers in (("one manager, SQLite", 1), ("three managers, etcd", 3)):
        cluster = cluster_hosts.Cluster(scratch / f"scale{managers}", managers, None,
                                        [cluster_hosts.NO_TASKS] * managers)
        try:
            for host in cluster.hosts:
                host.stop()
                (host.directory / "cluster.yaml").write_text(VIRTUAL)
            cluster.hosts[0].start()
            cluster.init()
            for host in cluster.hosts[1:]:
                (host.directory / "cluster.yaml").unlink()
                host.start()
            cluster.lead_with(managers)
            leader = cluster.leader()
            measure(title, leader.run_root / "api.sock", leader.process.pid, quick,
                    etcd_of(leader))
        finally:
            cluster.close()
