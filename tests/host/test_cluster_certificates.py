"""Certificates of nodes that end soon, have ended, or are of another authority."""

import datetime
import json
import time

import pytest

import tls_files
from cluster_faults import serving_cluster, tasks_by_host
from cluster_hosts import wait_until

TASKS = 2


@pytest.fixture(scope="module")
def hosts(tmp_path_factory, shared_ikada, busybox_image):
    """Two managers and two workers with a task each."""
    with serving_cluster(tmp_path_factory.mktemp("certificates"), shared_ikada, busybox_image,
                         TASKS, 2, 2) as cluster:
        yield cluster


def certificate_of(host):
    return json.loads((host.root / "node.json").read_text())["certificate"]


def authority_of(hosts):
    """Certificate and key."""
    kept = json.loads((hosts.manager.root / "cluster" / "authority.json").read_text())
    return kept["certificate"], kept["key"]


def restart_with(host, node):
    host.process.kill()
    host.process.wait()
    (host.root / "node.json").write_text(json.dumps(node))
    host.start()


def give_certificate(host, directory, authority, begins_h, ends_h):
    """Instead of its own one of the same node and key; hours from now. What it had."""
    node = json.loads((host.root / "node.json").read_text())
    now = datetime.datetime.now(datetime.timezone.utc)
    given = tls_files.make_like(
        directory, node["certificate"], node["key"], authority,
        now + datetime.timedelta(hours=begins_h), now + datetime.timedelta(hours=ends_h))
    restart_with(host, {**node, "certificate": given})
    return node, given


@pytest.mark.parametrize("number", [3, 0])
def test_a_certificate_that_ends_soon_is_renewed_by_itself(hosts, tmp_path, number):
    """Of a worker, and of a manager, which is its own authority."""
    host = hosts.hosts[number]
    before = tasks_by_host(hosts)

    _, given = give_certificate(host, tmp_path / "tls", authority_of(hosts), -1, 1 / 30)

    # A manager that does not find its record yet tries again after 30 s.
    wait_until(lambda: certificate_of(host) != given, 60, hosts)
    hosts.settle(TASKS)
    assert "certificate renewed" in host.log.read_text()
    assert tasks_by_host(hosts) == before


@pytest.mark.parametrize("begins_h, ends_h, is_ours", [(-2, -1, True), (1, 2, True),
                                                       (-1, 24, False)])
def test_a_certificate_that_is_not_good_is_refused(hosts, tmp_path, begins_h, ends_h, is_ours):
    """Expired, of the future, of another authority."""
    host = hosts.hosts[3]
    authority = authority_of(hosts)
    if not is_ours:
        other = tls_files.make_authority(tmp_path / "other")
        authority = other.certificate.read_text(), other.key.read_text()

    good, given = give_certificate(host, tmp_path / "tls", authority, begins_h, ends_h)
    time.sleep(1.5)
    state = hosts.nodes()["host4"]["State"]
    restart_with(host, good)

    assert state != "connected"
    assert certificate_of(host) != given
    hosts.settle(TASKS)
