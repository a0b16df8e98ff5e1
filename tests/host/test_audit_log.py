"""The audit log: one line for each call, with the real aws command; nothing is changed unseen."""

import json
import stat
import subprocess

import pytest

import cluster_hosts
import ecs_server
import programs


@pytest.fixture
def server(tmp_path):
    server = ecs_server.EcsServer(tmp_path / "server")
    yield server
    server.close()


def records(server):
    lines = (server.state_root / "audit" / "log").read_text().splitlines()
    return [json.loads(line) for line in lines]


def audit(server, *options, check=True):
    return programs.run(programs.IKADA, "--root", server.state_root, "--run-root",
                        server.run_root, "cluster", "audit", *options, check=check)


def test_calls_of_the_aws_command_are_recorded(server):
    server.aws("create-cluster", "--cluster-name", "web", signed=True)
    server.aws("list-clusters", signed=True)
    server.aws("describe-tasks", "--cluster", "nowhere", "--tasks", "a" * 32, signed=True,
               check=False)
    key = server.access_key()[0]

    made, read, failed = records(server)[-3:]

    assert made["eventSource"] == "ecs.amazonaws.com"
    assert (made["eventName"], made["readOnly"]) == ("CreateCluster", False)
    assert made["userIdentity"]["arn"] == f"arn:aws:iam::{ecs_server.ACCOUNT}:root"
    assert made["userIdentity"]["accessKeyId"] == key
    assert made["sourceIPAddress"] == "127.0.0.1"
    assert made["awsRegion"] == ecs_server.REGION
    assert made["requestParameters"] == {"clusterName": "web"}
    arns = [each["ARN"] for each in made["resources"]]
    assert f"arn:aws:ecs:{ecs_server.REGION}:{ecs_server.ACCOUNT}:cluster/web" in arns
    assert len(made["requestID"]) == 36 and "errorCode" not in made
    assert "aws-cli" in made["userAgent"]
    assert (read["eventName"], read["readOnly"]) == ("ListClusters", True)
    assert failed["errorCode"] == "ClusterNotFoundException"
    assert failed["resources"][0]["ARN"] == "nowhere"


def test_refused_signatures_are_recorded_and_no_secret_is(server):
    environment = {"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN000000000", "AWS_SECRET_ACCESS_KEY": "x",
                   "PATH": "/usr/bin:/bin", "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true"}
    subprocess.run(["/usr/bin/aws", "--endpoint-url", server.signed_endpoint, "--region",
                    "us-east-1", "ecs", "stop-task", "--task", "a" * 32], env=environment,
                   capture_output=True)
    server.aws("register-task-definition", "--family", "web", "--container-definitions",
               json.dumps([{"name": "app", "image": "busybox", "memory": 16, "environment": [
                   {"name": "PASSWORD", "value": "hush-hush"}]}]), signed=True)

    text = (server.state_root / "audit" / "log").read_text()
    refused, registered = records(server)[-2:]

    assert refused["eventName"] == "StopTask"
    assert refused["errorCode"] == "UnrecognizedClientException"
    assert refused["userIdentity"] == {"type": "Unknown", "accountId": ecs_server.ACCOUNT,
                                       "accessKeyId": "AKIAUNKNOWN000000000"}
    assert registered["requestParameters"]["containerDefinitions"][0]["environment"][0][
        "name"] == "PASSWORD"
    assert "hush-hush" not in text
    assert server.access_key()[1] not in text and "Signature=" not in text


def test_the_socket_of_root_and_the_daemons_own_routes_are_recorded(tmp_path):
    cluster = cluster_hosts.Cluster(tmp_path / "hosts", 2)
    try:
        cluster.init()
        cluster.join(cluster.hosts[1])
        cluster.manager.api("CreateCluster", clusterName="web")

        def names(host):
            lines = (host.root / "audit" / "log").read_text().splitlines()
            return {json.loads(line)["eventName"]: json.loads(line) for line in lines}

        manager, worker = map(names, cluster.hosts)
        assert manager["ClusterInit"]["userIdentity"]["uid"] == 0
        assert manager["CreateCluster"]["sourceIPAddress"] == "unix"
        assert manager["CreateCluster"]["userIdentity"]["type"] == "Local"
        assert worker["ClusterJoin"]["requestParameters"]["token"].startswith("HIDDEN")
        secret = cluster.token.split("-")[-1]
        assert secret not in (cluster.hosts[1].root / "audit" / "log").read_text()
        assert secret not in (cluster.manager.root / "audit" / "log").read_text()
    finally:
        cluster.close()


def test_the_chain_shows_what_was_taken_out(server):
    for name in ("one", "two", "three"):
        server.aws("create-cluster", "--cluster-name", name)
    server.restart(9)
    log = server.state_root / "audit" / "log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700
    assert audit(server, "--verify").stdout.endswith("nothing taken out or altered\n")
    assert json.loads(audit(server, "-n", "1").stdout)["eventName"]
    assert "\"two\"" in audit(server).stdout

    lines = log.read_text().splitlines()
    kept = [line for line in lines if "\"two\"" not in line]
    assert len(kept) < len(lines)
    log.write_text("\n".join(kept) + "\n")

    broken = audit(server, "--verify", check=False)
    assert broken.returncode == 1
    assert "does not follow the line before" in broken.stdout


@pytest.fixture
def small_disk(tmp_path):
    """Where the audit log is to be: a file system of 3 MiB."""
    place = tmp_path / "server" / "state" / "audit"
    place.mkdir(parents=True)
    programs.run("mount", "-t", "tmpfs", "-o", "size=3m,mode=0700", "tmpfs", place)
    yield place
    programs.run("umount", place)


def test_nothing_is_changed_while_the_audit_logs_disk_is_full(tmp_path, small_disk):
    server = ecs_server.EcsServer(tmp_path / "server")
    try:
        server.aws("create-cluster", "--cluster-name", "before")
        filler = small_disk / "filler"
        with open(filler, "wb") as file:
            try:
                while True:
                    file.write(b"x" * 65536)
                    file.flush()
            except OSError:
                pass
        # What is reserved still takes lines; then changes are refused, and reads are not.
        refused = None
        for number in range(3000):
            status, _, answer = server.raw("CreateCluster", {"clusterName": f"c{number}",
                                                             "tags": [
                                                                 {"key": str(each) * 99,
                                                                  "value": "v" * 200}
                                                                 for each in range(9)]})
            if status != 200:
                refused = answer
                break
        assert refused and refused["__type"] == "ServerException"
        assert "audit log has no room" in refused["message"]
        assert server.raw("ListClusters", {})[0] == 200
        assert server.raw("DescribeClusters", {"clusters": [f"c{number}"]})[2]["clusters"] == []
        assert json.loads((small_disk / "log").read_text().splitlines()[-1])

        filler.unlink()
        cluster_hosts.wait_until(
            lambda: server.raw("CreateCluster", {"clusterName": "after"})[0] == 200)
        assert audit(server, "--verify").stdout.endswith("nothing taken out or altered\n")
    finally:
        server.close()
