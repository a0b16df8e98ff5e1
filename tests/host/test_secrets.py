"""Secrets of a cluster: kept sealed, told to the hosts whose tasks have them."""

import json

import pytest

import cluster_hosts
from cluster_hosts import wait_tasks, wait_until

VALUE = "correct horse battery staple"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, shared_ikada, busybox_image):
    directory = tmp_path_factory.mktemp("secrets")
    archive = directory / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    cluster = cluster_hosts.Cluster(directory / "hosts", 2, archive)
    cluster.init()
    cluster.join(cluster.hosts[1])
    wait_until(lambda: cluster_hosts.instances(cluster) == 2, cluster=cluster)
    yield cluster
    cluster.close()


def run_with(cluster, image, **secrets):
    """Starts one task on each host."""
    return cluster_hosts.run_tasks(
        cluster, image, 2, "env | grep ^MINE | sort; sleep 1000",
        secrets=[{"name": name, "valueFrom": where} for name, where in secrets.items()])


def printed(cluster, arn):
    return wait_until(lambda: cluster.manager("task", "logs", arn.split("/")[-1]).stdout,
                      cluster=cluster)


def stop(cluster, arns):
    for arn in arns:
        cluster.manager.api("StopTask", task=arn)
    wait_tasks(cluster, arns, "STOPPED")


def test_tasks_get_secrets_that_nobody_else_sees(cluster, busybox_image):
    manager, worker = cluster.hosts
    assert manager("secret", "create", "plain", "-", input=VALUE).stdout == "plain\n"
    (manager.directory / "object").write_text('{"user": "root", "port": 5432}')
    manager("secret", "create", "/prod/db", manager.directory / "object")
    assert manager("secret", "ls").stdout.splitlines() == [
        "NAME       VERSION", "/prod/db   1", "plain      1"]
    arns = run_with(cluster, busybox_image, MINE="plain",
                    MINE_PORT="arn:aws:secretsmanager:x:1:secret:/prod/db-AbCdEf:port::",
                    MINE_WHOLE="arn:aws:ssm:x:1:parameter/prod/db")
    wait_tasks(cluster, arns, "RUNNING")
    for arn in arns:
        assert printed(cluster, arn) == (
            f"MINE={VALUE}\nMINE_PORT=5432\nMINE_WHOLE={{\"user\": \"root\", \"port\": 5432}}\n")
    shown = json.dumps(cluster.manager.api("DescribeTaskDefinition", taskDefinition="sleeper"))
    assert "valueFrom" in shown and VALUE not in shown
    stop(cluster, arns)
    for file in (manager.root / "cluster").rglob("*"):
        assert not file.is_file() or VALUE.encode() not in file.read_bytes(), file
    for host in cluster.hosts:
        assert VALUE not in host.log.read_text()
        assert VALUE not in (host.root / "audit" / "log").read_text()
    assert '"PutSecret"' in (manager.root / "audit" / "log").read_text()

    again = manager("secret", "create", "plain", "-", input="x", check=False)
    assert again.returncode == 1 and "There is a secret plain already." in again.stderr
    manager("secret", "create", "--replace", "plain", "-", input="other")
    arns = run_with(cluster, busybox_image, MINE="plain")
    wait_tasks(cluster, arns, "RUNNING")
    assert [printed(cluster, arn) for arn in arns] == ["MINE=other\n"] * 2
    stop(cluster, arns)
    assert manager("secret", "rm", "plain", "/prod/db").stdout == "plain\n/prod/db\n"
    assert manager("secret", "ls", "-q").stdout == ""


def test_secrets_that_are_not_there_or_not_possible(cluster, busybox_image):
    manager = cluster.manager
    arns = run_with(cluster, busybox_image, MINE="nobodys")
    for task in wait_tasks(cluster, arns, "STOPPED"):
        assert task["stoppedReason"] == (
            "ResourceInitializationError: unable to pull secrets: "
            "nobodys is no secret of this cluster")
    for name, value, why in (("a b", "x", "Invalid name"), ("a", "", "has 1 to 65536 bytes"),
                             ("a", "x" * 70000, "larger than 65536 bytes"),
                             ("a", "x\0y", "which is 0")):
        refused = manager("secret", "create", name, "-", input=value, check=False)
        assert refused.returncode == 1 and why in refused.stderr, refused
    (manager.directory / "bytes").write_bytes(b"\xff\xfe")
    refused = manager("secret", "create", "a", manager.directory / "bytes", check=False)
    assert refused.returncode == 1 and "no text in UTF-8" in refused.stderr
    assert manager("secret", "rm", "a", check=False).returncode == 1
