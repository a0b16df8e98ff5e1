"""Authorities, keys, tokens and certificates are exchanged, and no caller of the API notices.

IKADA_ROTATION_CALLS=10000 makes so many calls meanwhile; during the second half of them
certificates are renewed because they end soon.
"""

import json
import os
import time

import pytest

import cluster_hosts
from api_callers import Callers
from cluster_hosts import NO_TASKS, wait_until
from cluster_writes import cluster_names

CALLS = int(os.environ.get("IKADA_ROTATION_CALLS", "500"))
IS_LONG = CALLS > 500
LIFETIME_S = 60


@pytest.fixture
def cluster(tmp_path):
    made = cluster_hosts.Cluster(tmp_path / "hosts", 5, None, [NO_TASKS] * 3)
    for host in made.hosts[:3]:
        (host.directory / "cluster.yaml").write_text(
            json.dumps({"node_certificate_lifetime_seconds": LIFETIME_S}))
    yield made
    made.close()


def lines_with(host, words):
    return [line for line in host.log.read_text().splitlines() if words in line]


def renewals(hosts):
    return [len(lines_with(host, "certificate renewed")) for host in hosts]


def rotate_key_and_tokens(host):
    host("cluster", "rotate-key")
    for role in ("worker", "manager"):
        host("cluster", "token", role)


def exchange_all(host):
    """How long it took for the authority."""
    began = time.monotonic()
    host("cluster", "rotate-ca", timeout=120)
    took_s = time.monotonic() - began
    rotate_key_and_tokens(host)
    return took_s


@pytest.mark.timeout(900 if IS_LONG else 150)
def test_no_call_fails_while_everything_is_exchanged(cluster):
    made = cluster.init()
    cluster.lead_with(3)
    managers = cluster.hosts[:3]
    wait_until(lambda: cluster_hosts.instances(cluster) == 2, cluster=cluster)
    arns = cluster.manager.api("ListContainerInstances")["containerInstanceArns"]
    leader = wait_until(cluster.leader, cluster=cluster)
    led = lines_with(leader, "leader term begins")
    began = time.monotonic()

    with Callers(managers, arns, (made["accessKeyId"], made["secretAccessKey"])) as callers:
        took_s = []
        while len(took_s) < 2 or callers.count < CALLS // 2:
            took_s.append(exchange_all(managers[len(took_s) % 3]))
        exchanged = renewals(cluster.hosts)
        while callers.count < CALLS:
            rotate_key_and_tokens(managers[0])
            time.sleep(2)
    calls_s = time.monotonic() - began

    renewed = renewals(cluster.hosts)
    print(f"{callers.summary()}, in {calls_s:.0f} s; {len(took_s)} exchanges of "
          f"{min(took_s):.1f} to {max(took_s):.1f} s; certificates renewed {renewed}")
    assert callers.failures == [], callers.failures[:5]
    assert [line for host in cluster.hosts for line in lines_with(host, "gossip failed")] == []
    assert {node["State"] for node in cluster.nodes().values()} == {"connected"}
    assert min(exchanged) >= 2
    if IS_LONG:
        assert all(now >= before + 2 for before, now in zip(exchanged, renewed))
    assert callers.kept_clusters <= cluster_names(cluster.manager)
    # Whoever leads went on to do so.
    assert lines_with(leader, "leader term begins") == led
