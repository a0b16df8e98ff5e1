"""Certificates of nodes that end soon, have ended, or are of another authority."""

import datetime
import json
import ssl
import time

import pytest

import tls_files
from cluster_faults import serving_cluster, tasks_by_host
from cluster_hosts import wait_until
from test_cluster_abuse import talk
from test_node_roles import join_and_die

TASKS = 2
ATTEMPTS = 25


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
    wait_until(lambda: certificate_of(host) != given, 100, hosts)
    hosts.settle(TASKS)
    wait_until(lambda: "certificate renewed" in host.log.read_text(), cluster=hosts)
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
    wait_until(lambda: hosts.nodes()["host4"]["State"] != "connected", cluster=hosts)
    time.sleep(1.5)
    state = hosts.nodes()["host4"]["State"]
    restart_with(host, good)

    assert state != "connected"
    assert certificate_of(host) != given
    hosts.settle(TASKS)


def shown(directory, authority, certificate, key):
    """TLS with that certificate, all of them texts."""
    pem = directory / f"{len(list(directory.iterdir()))}.pem"
    pem.write_text(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=authority)
    context.load_cert_chain(pem)
    return context


def answers_to(hosts, context, verb, body, count):
    """What the leading manager says to whoever asks as worker host4."""
    leader = wait_until(hosts.leader, cluster=hosts)
    asked = [{"ask": verb, "id": number, "body": body} for number in range(count)]
    try:
        return talk(hosts.hosts[3], leader.address, asked, context)
    except (ssl.SSLError, ConnectionError):
        return b""


def dated(directory, node, authority, begins_h, ends_h):
    now = datetime.datetime.now(datetime.timezone.utc)
    return tls_files.make_like(
        directory, node["certificate"], node["key"], authority,
        now + datetime.timedelta(hours=begins_h), now + datetime.timedelta(hours=ends_h))


@pytest.mark.timeout(120)
def test_of_a_hundred_calls_with_wrong_certificates_none_is_answered(hosts, tmp_path):
    """Expired, of another authority, of a node that was removed, of a worker for a manager's."""
    node = json.loads((hosts.hosts[3].root / "node.json").read_text())
    own, authority = node["authority"], authority_of(hosts)
    other = tls_files.make_authority(tmp_path / "other")
    foreign = other.certificate.read_text(), other.key.read_text()
    expired = dated(tmp_path / "expired", node, authority, -2, -1)
    strange = dated(tmp_path / "strange", node, foreign, -1, 24)
    told = join_and_die(hosts, hosts.hosts[3], tmp_path, "revoked", "10.99.0.77")
    revoked = json.loads(told[told.index(b"{"):])["body"]["certificate"]
    (tmp_path / "pem").mkdir()
    renew = {"certificateRequest": "x"}

    # As long as it is on record it is heard.
    fresh = shown(tmp_path / "pem", own, revoked, (tmp_path / "key").read_text())
    assert b'"error"' in answers_to(hosts, fresh, "renew", renew, 1)
    assert hosts.manager("node", "rm", "--force", "revoked").returncode == 0

    for context in (shown(tmp_path / "pem", own, expired, node["key"]),
                    shown(tmp_path / "pem", own, strange, node["key"]), fresh):
        for _ in range(ATTEMPTS):
            assert b'"answer"' not in answers_to(hosts, context, "renew", renew, 1)
    worker = shown(tmp_path / "pem", own, node["certificate"], node["key"])
    hosts.hosts[3].stop()
    for verb, body in (("api", {"target": "AmazonEC2ContainerServiceV20141113.CreateCluster",
                                "body": '{"clusterName": "stolen"}', "region": "us-east-1",
                                "caller": "arn:aws:iam::000000000000:root"}),
                       ("cluster", {"method": "POST", "target": "/cluster/token",
                                    "body": '{"role": "manager"}'})):
        answers = answers_to(hosts, worker, verb, body, ATTEMPTS)
        assert answers.count(b'"answer"') == answers.count(b'"error"') == ATTEMPTS, answers
    for port in (7443, 7444):
        refused = hosts.hosts[3].run(
            "curl", "-sS", "-m", "5", "-k", "--cert", tmp_path / "pem" / "3.pem",
            f"https://{hosts.manager.address}:{port}/health", check=False)
        assert refused.returncode != 0, refused.stdout
    hosts.hosts[3].start()
    assert "stolen" not in json.dumps(hosts.manager.api("ListClusters"))
    hosts.settle(TASKS)
