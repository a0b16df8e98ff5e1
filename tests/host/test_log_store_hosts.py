"""The log store of several hosts, and `ikada service logs`."""

import os
import signal
import subprocess
import threading
import time

import pytest

import cluster_hosts
import programs
from cluster_hosts import wait_tasks, wait_until

LOGS = {"logDriver": "awslogs", "options": {"awslogs-group": "web", "awslogs-region": "us-east-1",
                                            "awslogs-stream-prefix": "p"}}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, shared_ikada, busybox_image):
    archive = tmp_path_factory.mktemp("archive") / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    cluster = cluster_hosts.Cluster(
        tmp_path_factory.mktemp("hosts") / "logs", 3, archive,
        [{"limits": "ignore", "retention_s": 0}] * 3)
    cluster.init()
    for host in cluster.hosts[1:]:
        cluster.join(host)
    wait_until(lambda: cluster_hosts.instances(cluster) == 3, cluster=cluster)
    yield cluster
    cluster.close()


def ask(host, action, **body):
    return host.ask(f"Logs_20140328.{action}", body)


def texts(host, **body):
    found, token = [], {}
    while True:
        page = ask(host, "FilterLogEvents", **body, **token)
        found += [event["message"] for event in page["events"]]
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


@pytest.mark.timeout(200)
def test_events_of_all_hosts_are_one_stream_of_pages(cluster, busybox_image):
    manager = cluster.manager
    arns = cluster_hosts.run_tasks(cluster, busybox_image, 6,
                                   "for i in $(seq 1 200); do echo $i; done",
                                   logConfiguration=LOGS)
    wait_tasks(cluster, arns, "STOPPED")
    streams = ask(manager, "DescribeLogStreams", logGroupName="web")["logStreams"]
    assert sorted(each["logStreamName"] for each in streams) == sorted(
        "p/app/" + arn.split("/")[-1] for arn in arns)
    assert sorted(map(int, texts(manager, logGroupName="web", limit=97))) == sorted(
        6 * list(range(1, 201)))
    for arn in arns:
        task = arn.split("/")[-1]
        assert [int(line) for line in manager("task", "logs", task).stdout.split()] == list(
            range(1, 201))
        page = ask(manager, "GetLogEvents", logGroupName="web", logStreamName=f"p/app/{task}",
                   limit=3)
        assert [each["message"] for each in page["events"]] == ["198", "199", "200"]

    # A host that is away is named, and nobody waits for it long.
    away = cluster.hosts[2]
    away.process.send_signal(signal.SIGSTOP)
    try:
        begin = time.monotonic()
        page = ask(manager, "FilterLogEvents", logGroupName="web")
        assert page["unreachableHosts"] == ["host3"] and len(page["events"]) == 800
        assert time.monotonic() - begin < 20
        shown = [manager("task", "logs", arn.split("/")[-1], check=False) for arn in arns]
        assert sum("host3 cannot be reached" in each.stderr for each in shown) == 6
    finally:
        away.process.send_signal(signal.SIGCONT)
    wait_until(lambda: "unreachableHosts" not in ask(manager, "FilterLogEvents",
                                                     logGroupName="web"), cluster=cluster)

    ask(manager, "DeleteLogGroup", logGroupName="web")
    for host in cluster.hosts:
        assert not list((host.root / "logs").rglob("log"))


class Lines(threading.Thread):
    """What a program prints, line by line, as long as it runs."""

    def __init__(self, host, *words):
        super().__init__(daemon=True)
        self.process = subprocess.Popen(
            host._inside(programs.IKADA, "--root", host.root, "--run-root", host.run_root, *words),
            env={**host.environment, "PATH": os.environ["PATH"]}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.lines = []
        self.start()

    def run(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def end(self):
        self.process.kill()
        self.process.wait()


@pytest.mark.timeout(240)
def test_logs_of_a_service_follow_its_tasks(cluster, busybox_image):
    manager = cluster.manager
    manager.api("RegisterTaskDefinition", family="talker", networkMode="none",
                containerDefinitions=[{
                    "name": "app", "image": busybox_image, "memory": 16, "stopTimeout": 1,
                    "command": ["sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.1; done; "
                                            "echo oops >&2; exec sleep 1000"]}])
    manager("service", "create", "-w", "-n", "3", "talk", "talker")

    def ids():
        return sorted(arn.split("/")[-1][:8]
                      for arn in manager.api("ListTasks", serviceName="talk")["taskArns"])

    def whole():
        told = manager("service", "logs", "talk")
        return told if told.stdout.count("line 3") == told.stderr.count("oops") == 3 else None

    shown = wait_until(whole, cluster=cluster)
    lines = shown.stdout.splitlines()
    assert len(lines) == 9 and shown.stderr.count("oops") == 3
    assert sorted({line.split()[0] for line in lines}) == ids()
    assert all(line.split(" ", 3)[1:3] == ["app", "|"] for line in lines)
    stamped = manager("service", "logs", "-t", "talk").stdout.splitlines()
    times = [line.split(" ", 4)[3] for line in stamped]
    assert times == sorted(times) and len(times) == 9
    tail = manager("service", "logs", "--tail", "1", "talk").stdout.splitlines()
    assert len(tail) <= 3

    follower = Lines(manager, "service", "logs", "-f", "talk")
    try:
        wait_until(lambda: sum("line 3" in line for line in follower.lines) == 3, cluster=cluster)
        manager("service", "scale", "-w", "talk=5")
        wait_until(lambda: sum("line 3" in line for line in follower.lines) == 5, cluster=cluster)
        assert sorted({line.split()[0] for line in follower.lines}) == ids()
        # A daemon that dies takes none of the lines with it.
        worker = cluster.hosts[1]
        worker.process.send_signal(signal.SIGKILL)
        worker.process.wait()
        worker.start()
        time.sleep(4)
        assert follower.process.poll() is None
        assert len(follower.lines) == 15, follower.lines
    finally:
        follower.end()
    missing = manager("service", "logs", "none", check=False)
    assert missing.returncode == 1
    manager("service", "rm", "-f", "talk")
