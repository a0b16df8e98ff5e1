"""A service on several hosts: it is spread, survives a lost host and a drained one."""

import json
import signal

import pytest

import cluster_hosts
from cluster_hosts import wait_until


@pytest.fixture
def trio(tmp_path, busybox_image, shared_ikada):
    archive = tmp_path / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    cluster = cluster_hosts.Cluster(tmp_path, 3, archive)
    try:
        (cluster.manager.directory / "cluster.yaml").write_text(
            json.dumps({"healthy_after_seconds": 0}))
        cluster.init()
        for host in cluster.hosts[1:]:
            cluster.join(host)
        wait_until(lambda: len(cluster.manager.api("ListContainerInstances")
                               .get("containerInstanceArns", [])) == 3, cluster=cluster)
        yield cluster
    finally:
        cluster.close()


def tasks_by_host(manager, name):
    """How many RUNNING tasks of the service each container instance has."""
    arns = manager.api("ListTasks", serviceName=name)["taskArns"]
    counts = {}
    for task in manager.api("DescribeTasks", tasks=arns)["tasks"] if arns else []:
        if task["lastStatus"] == "RUNNING":
            counts[task["containerInstanceArn"]] = counts.get(task["containerInstanceArn"], 0) + 1
    return counts


@pytest.mark.timeout(420)
def test_a_service_survives_its_hosts_and_its_manager(trio, busybox_image):
    manager = trio.manager
    manager.api("RegisterTaskDefinition", family="sleeper", networkMode="none",
                containerDefinitions=[{"name": "app", "image": busybox_image, "memory": 16,
                                       "stopTimeout": 1, "command": ["sleep", "1000"]}])
    manager("service", "create", "-w", "-n", "6", "steady", "sleeper")
    spread = tasks_by_host(manager, "steady")
    assert sorted(spread.values()) == [2, 2, 2]

    lost = trio.hosts[2]
    lost.net.set_link(False)
    wait_until(lambda: len(tasks_by_host(manager, "steady")) == 2 and
               sum(tasks_by_host(manager, "steady").values()) == 6, cluster=trio)
    lost.net.set_link(True)
    wait_until(lambda: lost("ps", "-q").stdout == "", cluster=trio)
    assert sum(tasks_by_host(manager, "steady").values()) == 6

    # The host that has come back gets its share, start first.
    wait_until(lambda: trio.nodes()["host3"]["State"] == "connected", cluster=trio)
    fewest = 6

    def is_even():
        nonlocal fewest
        counts = tasks_by_host(manager, "steady").values()
        fewest = min(fewest, sum(counts))
        return sorted(counts) == [2, 2, 2]

    wait_until(is_even, timeout_s=120, cluster=trio)
    assert fewest == 6
    # The last one that was moved is gone, too.
    wait_until(lambda: "(service steady) is host balanced with 2 tasks in (container-instance " in
               manager("service", "events", "steady").stdout, timeout_s=60, cluster=trio)
    told = manager("service", "events", "steady").stdout
    assert "(service steady) is not host balanced with " in told
    assert "host Rebalancing in progress." in told

    # What is scaled out is spread, too.
    manager("service", "scale", "-w", "steady=9")
    assert sorted(tasks_by_host(manager, "steady").values()) == [3, 3, 3]

    manager.stop(signal.SIGKILL)
    manager.start()
    manager("node", "drain", "host2")
    wait_until(lambda: trio.hosts[1]("ps", "-q").stdout == "", cluster=trio)
    assert sum(tasks_by_host(manager, "steady").values()) == 9
    manager("service", "rm", "-f", "-w", "steady")
