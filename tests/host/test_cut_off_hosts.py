"""Managers that were cut off for a while and are back: they know little, and end nobody's term."""

import time

import pytest

from cluster_faults import FaultyCluster, parted
from cluster_hosts import wait_until

ROUNDS = 2


@pytest.mark.timeout(180)
def test_managers_that_come_back_depose_nobody(tmp_path):
    cluster = FaultyCluster(tmp_path / "hosts", 5, 0)
    try:
        for _ in range(ROUNDS):
            first = wait_until(cluster.leader, cluster=cluster)
            others = [host for host in cluster.hosts if host is not first]
            lonely, majority = others[:2], [first, *others[2:]]
            with parted(lonely, majority):
                time.sleep(6)  # They have called all others failed.
                wait_until(lambda: leading(majority), cluster=cluster)
            wait_until(lambda: all(host.status().get("leader") for host in lonely),
                       cluster=cluster)
            time.sleep(3)
            log = "\n".join(host.log.read_text() for host in cluster.hosts)
            assert "leader deposed" not in log, log
    finally:
        cluster.close()


def leading(hosts):
    return [host for host in hosts if host.status().get("leads")]
