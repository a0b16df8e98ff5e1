"""What goes wrong with the hosts of a cluster and between them, and what must hold afterwards."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

import private_namespaces
import programs
from cluster_hosts import NO_TASKS, Cluster, instances, wait_until


class FaultyCluster(Cluster):
    """Managers, and workers that have an image and run the tasks; without workers managers do,
    and without an image nobody.

    With `room_mib` each manager's directory is a disk of its own, of that size.
    """

    def __init__(self, directory, managers, workers, archive=None, room_mib=None):
        self.disks = []
        super().__init__(directory, managers + workers, None,
                         [NO_TASKS] * managers if workers or not archive else ())
        try:
            for host in self.hosts[:managers] if room_mib else ():
                self.give_disk(host, room_mib)
            for host in (self.hosts[managers:] or self.hosts) if archive else ():
                host("load", "-q", "-i", archive)
            self.init()
            self.lead_with(managers)
            runs_tasks = (workers or managers) if archive else 0
            wait_until(lambda: instances(self) >= runs_tasks, cluster=self)
        except BaseException:
            self.close()
            raise

    def give_disk(self, host, mebibytes):
        host.stop()
        programs.run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "disk", host.root)
        self.disks.append(host.root)
        host.start()

    def close(self):
        super().close()
        for disk in self.disks:
            programs.run("umount", "-l", disk, check=False)
        self.disks = []

    def settle(self, count, family="sleeper", timeout_s=90):
        """Until all hosts are there and as many tasks run as records say, each once."""
        wait_until(lambda: self.is_settled(count, family), timeout_s, self)

    def is_settled(self, count, family):
        try:
            nodes = self.nodes()
        except AssertionError:  # Who leads changes just now.
            return False
        if {node["State"] for node in nodes.values()} != {"connected"}:
            return False
        told = {task["taskArn"].rsplit("/", 1)[1] for task in running_tasks(self.manager, family)}
        runs = [task for tasks in containers_of(self.hosts, family).values() for task in tasks]
        return len(told) == count and sorted(runs) == sorted(told)


@contextlib.contextmanager
def serving_cluster(directory, ikada, image, tasks, managers, workers, **options):
    """A cluster with a service of `tasks` tasks of that image, which all run."""
    ikada("save", "-o", directory / "image.tar", image)
    cluster = FaultyCluster(directory / "hosts", managers, workers, directory / "image.tar",
                            **options)
    try:
        sleeping_service(cluster.manager, image, tasks)
        cluster.settle(tasks)
        yield cluster
    finally:
        cluster.close()


def sleeping_service(manager, image, count, name="steady"):
    """A service of tasks that sleep."""
    manager.api("RegisterTaskDefinition", family="sleeper", networkMode="none",
                containerDefinitions=[{"name": "app", "image": image, "memory": 16,
                                       "stopTimeout": 1, "command": ["sleep", "1000"]}])
    made = manager.api("CreateService", serviceName=name, taskDefinition="sleeper",
                       desiredCount=count)
    assert "service" in made, made


def answered(manager, action, member, **body):
    """What the API says, asked again while managers are without a leader."""
    def ask():
        answer = manager.api(action, **body)
        assert member in answer or answer["__type"] == "ServerException", answer
        return answer if member in answer else None

    return wait_until(ask)


def running_tasks(manager, family="sleeper"):
    arns = answered(manager, "ListTasks", "taskArns", family=family)["taskArns"]
    if not arns:
        return []
    tasks = answered(manager, "DescribeTasks", "tasks", tasks=arns)["tasks"]
    return [task for task in tasks if task["lastStatus"] == "RUNNING"]


def tasks_by_host(cluster):
    """For each host the ids of the tasks that are RUNNING there, as the records say."""
    by_instance = {node["instance"]: node["address"] for node in cluster.inspect()
                   if node.get("instance")}
    found = {host: set() for host in cluster.hosts}
    for task in running_tasks(cluster.manager):
        address = by_instance[task["containerInstanceArn"].rsplit("/", 1)[1]]
        host = next(each for each in cluster.hosts if each.address == address)
        found[host].add(task["taskArn"].rsplit("/", 1)[1])
    return found


def containers_of(hosts, family="sleeper", *options):
    """The ids of the tasks whose containers run on each host; with "-a" are there at all."""
    found = {}
    for host in hosts:
        names = host("ps", *options, "--format", "{{.Names}}").stdout.split()
        found[host] = [name.rsplit("-", 1)[1] for name in names
                       if name.startswith(f"ecs-{family}-")]
    return found


def cut(host, others, into=True, out_of=True):
    """From now on no packets pass between it and them, or in one direction only."""
    addresses = ", ".join(each.address for each in others)
    rules = ["add table inet cut", "delete table inet cut", "add table inet cut"]
    if into:
        rules += ["add chain inet cut input { type filter hook input priority 0; }",
                  f"add rule inet cut input ip saddr {{ {addresses} }} drop"]
    if out_of:
        rules += ["add chain inet cut output { type filter hook output priority 0; }",
                  f"add rule inet cut output ip daddr {{ {addresses} }} drop"]
    host.run("nft", "; ".join(rules))


def mend(host):
    host.run("nft", "add table inet cut; delete table inet cut")


@contextlib.contextmanager
def parted(some, others):
    """Two groups of hosts between which nothing passes."""
    for host in some:
        cut(host, others)
    try:
        yield
    finally:
        for host in some:
            mend(host)


@contextlib.contextmanager
def paused(host):
    """Its daemon stands still; what it has started goes on."""
    host.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        host.process.send_signal(signal.SIGCONT)


def etcd_of(host):
    """The pids of its member of etcd, if it runs."""
    return subprocess.run(["pgrep", "-f", f"data-dir={host.root}/"], capture_output=True,
                          text=True, check=False).stdout.split()


@contextlib.contextmanager
def slow_disk(host, seconds):
    """Each flush to disk of its member of etcd takes that much longer."""
    pid, = etcd_of(host)
    tracer = subprocess.Popen(
        ["strace", "-f", "-q", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e",
         f"inject=fsync,fdatasync:delay_enter={int(seconds * 1e6)}", "-p", pid],
        stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(timeout=30)


@contextlib.contextmanager
def paused_etcd(host):
    """Its member of etcd stands still, if it runs."""
    found = etcd_of(host)
    for pid in found:
        os.kill(int(pid), signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGCONT)


def lose_power(host):
    """Nothing of the host runs any more, nothing of it says farewell, and /run is empty.

    When that was.
    """
    containers = host("ps", "-q", "--no-trunc").stdout.split()
    pids = [int(each) for each in subprocess.run(
        ["pgrep", "-f", f" {host.root}"], capture_output=True, text=True,
        check=False).stdout.split()]
    for container in containers:
        pid = int(host("inspect", "-f", "{{.State.Pid}}", container).stdout)
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        pids += [int(next(line for line in status.splitlines()
                          if line.startswith("PPid:")).split()[1]), pid]
    host.net.set_link(False)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    lost = time.monotonic()
    host.process.wait(timeout=30)
    wait_until(lambda: not any(runs(pid) for pid in pids))
    shutil.rmtree(host.run_root)
    for container in containers:
        os.rmdir(f"{private_namespaces.find_cgroup2()}/ikada/{container}")
    return lost


def runs(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def give_power(host):
    host.net.set_link(True)
    host.start()
