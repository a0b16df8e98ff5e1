"""A cluster that was made before it had a key of its own for secrets gets one while it works."""

import json
import signal

import pytest

import cluster_hosts
from cluster_hosts import NO_TASKS, run_tasks, wait_tasks, wait_until

VALUE = "correct horse battery staple"


@pytest.fixture
def cluster(tmp_path, shared_ikada, busybox_image):
    archive = tmp_path / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    cluster = cluster_hosts.Cluster(tmp_path / "hosts", 4, archive, [NO_TASKS] * 3)
    cluster.init()
    cluster.lead_with(3)
    wait_until(lambda: cluster_hosts.instances(cluster) == 1, cluster=cluster)
    yield cluster
    cluster.close()


def keys_of(host):
    return json.loads((host.root / "cluster" / "authority.json").read_text())


def forget_sealing_keys(host):
    keys = keys_of(host)
    del keys["sealingKeys"]
    (host.root / "cluster" / "authority.json").write_text(json.dumps(keys))


def print_secret(cluster, image):
    arn, = run_tasks(cluster, image, 1, "echo $MINE; sleep 1000",
                     secrets=[{"name": "MINE", "valueFrom": "db"}])
    wait_tasks(cluster, [arn], "RUNNING")
    return wait_until(lambda: cluster.manager("task", "logs", arn.split("/")[-1]).stdout,
                      cluster=cluster)


@pytest.mark.timeout(120)
def test_secrets_survive_a_new_sealing_key_and_every_manager_has_it(cluster, busybox_image):
    managers = cluster.hosts[:3]
    assert len({tuple(keys_of(host)["sealingKeys"]) for host in managers}) == 1
    for host in managers:
        host.stop()
        forget_sealing_keys(host)
    for host in managers[:2]:
        host.start()
    wait_until(lambda: cluster.manager("secret", "create", "db", "-", input=VALUE,
                                       check=False).returncode == 0, cluster=cluster)
    # One manager is away: it could not open what a key of theirs has sealed.
    assert all("sealingKeys" not in keys_of(host) for host in managers)
    managers[2].start()
    wait_until(lambda: all(len(keys_of(host).get("sealingKeys", [])) == 2 for host in managers) and
               len({tuple(keys_of(host)["sealingKeys"]) for host in managers}) == 1 and
               any("sealed anew count=1" in host.log.read_text() for host in managers),
               cluster=cluster)
    assert print_secret(cluster, busybox_image) == VALUE + "\n"
    # Another leader, and the old key is not needed for it.
    for host in managers:
        keys = keys_of(host)
        keys["sealingKeys"] = keys["sealingKeys"][:1]
        host.stop(signal.SIGKILL)
        (host.root / "cluster" / "authority.json").write_text(json.dumps(keys))
    for host in managers:
        host.start()
    wait_until(cluster.leader, cluster=cluster)
    wait_until(lambda: managers[0]("secret", "ls", check=False).returncode == 0, cluster=cluster)
    assert print_secret(cluster, busybox_image) == VALUE + "\n"
    logs = "".join(host.log.read_text() for host in cluster.hosts)
    assert all(key not in logs for key in keys_of(managers[0])["sealingKeys"])
