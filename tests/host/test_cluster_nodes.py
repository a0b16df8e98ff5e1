"""Nodes as operators see them: the manager's own, labels."""

import json

import pytest

import cluster_hosts
from cluster_hosts import describe, instances, run_tasks, wait_tasks, wait_until


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, shared_ikada, busybox_image):
    """A manager and a worker that both run tasks."""
    directory = tmp_path_factory.mktemp("hosts")
    shared_ikada("save", "-o", directory / "busybox.tar", busybox_image)
    made = cluster_hosts.Cluster(directory / "nodes", 2, directory / "busybox.tar")
    made.init()
    made.join(made.hosts[1])
    wait_until(lambda: instances(made) == 2, cluster=made)
    yield made
    made.close()


def manager_name(cluster):
    return next(name for name, node in cluster.nodes().items() if node["Role"] == "manager")


def tasks_of(cluster, name):
    return int(cluster.nodes()[name]["Tasks"])


def stop_all(cluster, arns):
    for arn in arns:
        cluster.manager.api("StopTask", task=arn)
    wait_tasks(cluster, arns, "STOPPED")


def test_the_managers_own_node_counts_its_tasks_and_drains(cluster, busybox_image):
    own = manager_name(cluster)
    wait_until(lambda: cluster.nodes()[own]["Status"] == "ACTIVE", cluster=cluster)
    arns = run_tasks(cluster, busybox_image, 4)
    wait_tasks(cluster, arns, "RUNNING")
    wait_until(lambda: tasks_of(cluster, own) == tasks_of(cluster, "host2") == 2, cluster=cluster)

    cluster.manager("node", "drain", own)

    assert cluster.nodes()[own]["Status"] == "DRAINING"
    more = run_tasks(cluster, busybox_image, 2)
    wait_tasks(cluster, more, "RUNNING")
    wait_until(lambda: tasks_of(cluster, "host2") == 4, cluster=cluster)
    assert tasks_of(cluster, own) == 2
    # And after the daemon has started anew.
    cluster.manager.stop()
    cluster.manager.start()
    wait_until(lambda: cluster.nodes()[own]["Status"] == "DRAINING", cluster=cluster)
    assert tasks_of(cluster, own) == 2
    cluster.manager("node", "activate", own)
    assert cluster.nodes()[own]["Status"] == "ACTIVE"
    node, = json.loads(cluster.manager("node", "inspect", own).stdout)
    assert node["remaining"]["memory"] > 0 and node["runningTasksCount"] == 2
    stop_all(cluster, arns + more)


def labels(cluster, name):
    return cluster.nodes()[name]["Labels"]


def run_on(cluster, expression, count=2):
    return cluster.manager.api(
        "RunTask", taskDefinition="sleeper", count=count,
        placementConstraints=[{"type": "memberOf", "expression": expression}])


def test_labels_say_where_tasks_may_run(cluster, busybox_image):
    manager = cluster.manager
    stop_all(cluster, run_tasks(cluster, busybox_image, 1))  # For its definition.
    assert labels(cluster, "host2") == ""
    assert run_on(cluster, "attribute:disk == ssd")["failures"] != []

    assert manager("node", "label", "host2", "disk=ssd", "rack=r-7").stdout == "host2\n"

    assert labels(cluster, "host2") == "disk=ssd,rack=r-7"
    started = run_on(cluster, "attribute:disk == ssd")
    assert started["failures"] == []
    arns = [task["taskArn"] for task in started["tasks"]]
    node, = json.loads(manager("node", "inspect", "host2").stdout)
    assert node["labels"] == {"disk": "ssd", "rack": "r-7"}
    hosts = {task["containerInstanceArn"].rsplit("/", 1)[1] for task in describe(cluster, arns)}
    assert hosts == {node["instance"]}
    wait_tasks(cluster, arns, "RUNNING")
    stop_all(cluster, arns)
    # They outlive the host's daemon, are changed, and go.
    worker = cluster.hosts[1]
    worker.stop()
    worker.start()
    wait_until(lambda: cluster.nodes()["host2"]["State"] == "connected", cluster=cluster)
    assert labels(cluster, "host2") == "disk=ssd,rack=r-7"
    manager("node", "label", "host2", "disk=hdd", "rack-")
    assert labels(cluster, "host2") == "disk=hdd"
    assert run_on(cluster, "attribute:disk == ssd")["failures"] != []
    manager("node", "label", manager_name(cluster), "disk=ssd")
    started = run_on(cluster, "attribute:disk == ssd", 1)
    assert started["failures"] == []
    stop_all(cluster, [started["tasks"][0]["taskArn"]])


@pytest.mark.parametrize("label, message", [
    ("disk", "\"disk\" is no label: expected NAME=VALUE or NAME-"),
    ("=ssd", "\"=ssd\" is no label: expected NAME=VALUE or NAME-"),
    ("-", "\"-\" is no label: expected NAME=VALUE or NAME-"),
    ("a/../../b c=1", "Invalid attribute name 'a/../../b c'."),
])
def test_what_is_no_label(cluster, label, message):
    refused = cluster.manager("node", "label", "host2", label, check=False)
    assert refused.returncode == 1
    assert refused.stderr == f"ikada node label: {message}\n"
    unknown = cluster.manager("node", "label", "host9", "a=b", check=False)
    assert unknown.stderr == "ikada node label: no such node: host9\n"
