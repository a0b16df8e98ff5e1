"""The log store on one host: what awslogs containers write, boto3, aws logs tail, retention."""

import itertools
import json
import os
import signal
import subprocess
import time

import botocore.exceptions
import pytest

import programs
import task_host
from task_host import sh, wait_status, wait_until

LOGS = {"logDriver": "awslogs", "options": {
    "awslogs-group": "/ecs/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web",
    "awslogs-create-group": "true", "mode": "non-blocking", "max-buffer-size": "4m"}}


@pytest.fixture(scope="module")
def host(tmp_path_factory, shared_ikada, busybox_image):
    server = task_host.start_host(tmp_path_factory.mktemp("logs"), shared_ikada, retention_s=0)
    yield server
    server.close()


@pytest.fixture
def logs(host):
    return host.client(region=task_host.REGION, service="logs")


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def run_to_end(host, ecs, image, script, logs=None):
    """The ARN of a task that ran, and whose containers have gone."""
    arn = task_host.run(ecs, [sh(image, script, logConfiguration=logs or LOGS)],
                        networkMode="none")
    wait_status(ecs, arn, "STOPPED")
    return arn


def messages(logs, **arguments):
    found, token = [], {}
    while True:
        page = logs.filter_log_events(**arguments, **token)
        found += [event["message"] for event in page["events"]]
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


def test_a_log_outlives_its_container(host, logs, shared_ikada, busybox_image):
    ecs = host.client(region=task_host.REGION)
    arn = run_to_end(host, ecs, busybox_image,
                     "for i in $(seq 1 500); do echo line $i; done; echo oops >&2")
    task = arn.split("/")[-1]
    wait_until(lambda: task not in shared_ikada("ps", "-a", "--format", "{{.Names}}").stdout, host)
    stream = f"web/app/{task}"

    groups = logs.describe_log_groups(logGroupNamePrefix="/ecs")["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/ecs/web"]
    streams = logs.describe_log_streams(logGroupName="/ecs/web")["logStreams"]
    assert [each["logStreamName"] for each in streams] == [stream]
    assert streams[0]["firstEventTimestamp"] <= streams[0]["lastEventTimestamp"]
    assert sorted(messages(logs, logGroupName="/ecs/web", limit=37)) == sorted(
        [f"line {i}" for i in range(1, 501)] + ["oops"])
    shown = shared_ikada("task", "logs", "--tail", "2", task[:10]).stdout
    assert len(shown.splitlines()) == 2
    assert len(shared_ikada("task", "logs", task).stdout.splitlines()) == 501
    stamped = shared_ikada("task", "logs", "-t", "-c", "app", task).stdout.splitlines()
    assert stamped[0].split()[1:] == ["line", "1"] and stamped[0][4] == "-"
    assert shared_ikada("task", "logs", "-c", "other", task, check=False).returncode == 1
    store = host.state_root / "logs"
    assert all(path.stat().st_mode & 0o077 == 0 for path in [store, *store.rglob("*")])


def test_pages_go_forwards_and_backwards(host, logs, busybox_image):
    ecs = host.client(region=task_host.REGION)
    arn = run_to_end(host, ecs, busybox_image, "for i in $(seq 1 25); do echo $i; done")
    named = {"logGroupName": "/ecs/web", "logStreamName": f"web/app/{arn.split('/')[-1]}"}
    last = logs.get_log_events(**named, limit=10)
    assert [int(each["message"]) for each in last["events"]] == list(range(16, 26))
    before = logs.get_log_events(**named, limit=10, nextToken=last["nextBackwardToken"])
    assert [int(each["message"]) for each in before["events"]] == list(range(6, 16))
    end = logs.get_log_events(**named, nextToken=last["nextForwardToken"])
    assert end["events"] == [] and end["nextForwardToken"] == last["nextForwardToken"]

    token, seen = {}, []
    while True:
        page = logs.get_log_events(**named, limit=4, startFromHead=True, **token)
        if page["nextForwardToken"] == token.get("nextToken"):
            break
        seen += [int(each["message"]) for each in page["events"]]
        token = {"nextToken": page["nextForwardToken"]}
    assert seen == list(range(1, 26))
    middle = before["events"][3]["timestamp"]
    since = logs.get_log_events(**named, startTime=middle, startFromHead=True)["events"]
    assert all(each["timestamp"] >= middle for each in since) and len(since) >= 17
    assert not logs.get_log_events(**named, endTime=1)["events"]
    assert refusal(logs.get_log_events, **named, nextToken="x") == "InvalidParameterException"
    assert refusal(logs.get_log_events, logGroupName="/ecs/web",
                   logStreamName="none") == "ResourceNotFoundException"


def test_events_are_filtered(host, logs, busybox_image):
    ecs = host.client(region=task_host.REGION)
    own = json.loads(json.dumps(LOGS))
    own["options"]["awslogs-group"] = "filtered"
    run_to_end(host, ecs, busybox_image,
               "echo 'ERROR disk full'; echo 'WARN low'; echo 'ERROR debug'; echo fine", own)
    for pattern, expected in (("ERROR", ["ERROR disk full", "ERROR debug"]),
                              ("?WARN ?fine", ["WARN low", "fine"]),
                              ("ERROR -debug", ["ERROR disk full"]),
                              ('"disk full"', ["ERROR disk full"])):
        assert messages(logs, logGroupName="filtered", filterPattern=pattern) == expected
    assert refusal(logs.filter_log_events, logGroupName="filtered",
                   filterPattern="{ $.x = 1 }") == "InvalidParameterException"


def test_groups_and_what_clients_put(host, logs):
    logs.create_log_group(logGroupName="mine/app", tags={"team": "a"})
    assert refusal(logs.create_log_group,
                   logGroupName="mine/app") == "ResourceAlreadyExistsException"
    logs.put_retention_policy(logGroupName="mine/app", retentionInDays=7)
    assert refusal(logs.put_retention_policy, logGroupName="mine/app",
                   retentionInDays=8) == "InvalidParameterException"
    group = logs.describe_log_groups(logGroupNamePrefix="mine")["logGroups"][0]
    assert group["retentionInDays"] == 7
    logs.delete_retention_policy(logGroupName="mine/app")
    group = logs.describe_log_groups(logGroupNamePrefix="mine")["logGroups"][0]
    assert "retentionInDays" not in group
    logs.tag_resource(resourceArn=group["arn"], tags={"env": "b"})
    assert logs.list_tags_for_resource(resourceArn=group["arn"])["tags"] == {
        "team": "a", "env": "b"}
    logs.untag_resource(resourceArn=group["arn"], tagKeys=["team"])
    assert logs.list_tags_for_resource(resourceArn=group["arn"])["tags"] == {"env": "b"}

    now = int(time.time() * 1000)
    event = {"timestamp": now, "message": "hello\nworld hunter2"}
    put = {"logGroupName": "mine/app", "logStreamName": "s"}
    assert refusal(logs.put_log_events, **put, logEvents=[event]) == "ResourceNotFoundException"
    logs.create_log_stream(**put)
    assert refusal(logs.create_log_stream, **put) == "ResourceAlreadyExistsException"
    logs.put_log_events(**put, logEvents=[event, {"timestamp": now + 1, "message": "next"}])
    old = logs.put_log_events(**put, logEvents=[{"timestamp": now - 15 * 86400_000,
                                                 "message": "old"}])
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    assert messages(logs, logGroupName="mine/app") == ["hello\nworld hunter2", "next"]
    host.restart(signal.SIGKILL)
    assert messages(logs, logGroupName="mine/app") == ["hello\nworld hunter2", "next"]
    audit = (host.state_root / "audit" / "log").read_text()
    assert "PutLogEvents" in audit and "hunter2" not in audit

    # A whole batch, of which JSON makes twice as much.
    much = [{"timestamp": now + i, "message": str(i) + '"' * 250_000} for i in range(4)]
    logs.put_log_events(**put, logEvents=much)
    found = messages(logs, logGroupName="mine/app")
    assert [each for each in found if len(each) > 1000] == [each["message"] for each in much]

    logs.delete_log_stream(**put)
    assert refusal(logs.delete_log_stream, **put) == "ResourceNotFoundException"
    assert logs.describe_log_streams(logGroupName="mine/app")["logStreams"] == []

    logs.delete_log_group(logGroupName="mine/app")
    assert refusal(logs.filter_log_events,
                   logGroupName="mine/app") == "ResourceNotFoundException"
    logs.create_log_group(logGroupName="mine/app")
    assert messages(logs, logGroupName="mine/app") == []
    logs.delete_log_group(logGroupName="mine/app")


def test_aws_logs_tail_follows(host, logs, busybox_image):
    ecs = host.client(region=task_host.REGION)
    own = json.loads(json.dumps(LOGS))
    own["options"]["awslogs-group"] = "tailed"
    arn = task_host.run(
        ecs, [sh(busybox_image, "for i in $(seq 1 8); do echo tick $i; sleep 1; done; sleep 100",
                 logConfiguration=own, stopTimeout=1)], networkMode="none")
    wait_status(ecs, arn, "RUNNING")
    key, secret = host.access_key()
    tail = subprocess.Popen(
        ["/usr/bin/aws", "--endpoint-url", host.signed_endpoint, "--region", task_host.REGION,
         "logs", "tail", "tailed", "--follow", "--format", "short"],
        env={"PATH": os.environ["PATH"], "HOME": str(host.root), "AWS_ACCESS_KEY_ID": key,
             "AWS_SECRET_ACCESS_KEY": secret, "AWS_EC2_METADATA_DISABLED": "true",
             "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        ticks = [line.split(" ", 1)[1].strip() for line in itertools.islice(tail.stdout, 8)]
        assert ticks == [f"tick {i}" for i in range(1, 9)], ticks
    finally:
        tail.kill()
        tail.wait()
        ecs.stop_task(task=arn)
        wait_status(ecs, arn, "STOPPED")


def test_no_line_is_lost_when_daemons_die(host, logs, shared_ikada, busybox_image):
    """A container writes while ikadad is killed, and ends while there is none."""
    ecs = host.client(region=task_host.REGION)
    own = json.loads(json.dumps(LOGS))
    own["options"]["awslogs-group"] = "killed"
    arn = task_host.run(ecs, [sh(busybox_image, "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); "
                                 "echo $i; [ $((i % 30)) = 0 ] && sleep 0.05; done",
                                 logConfiguration=own)], networkMode="none")
    wait_status(ecs, arn, "RUNNING")
    for _ in range(3):
        time.sleep(0.4)
        host.restart(signal.SIGKILL)
    host.stop(signal.SIGKILL)
    name = arn.split("/")[-1]
    wait_until(lambda: name not in shared_ikada("ps", "--format", "{{.Names}}").stdout)
    host.start()
    wait_status(ecs, arn, "STOPPED")
    assert [int(each) for each in messages(logs, logGroupName="killed")] == list(range(1, 3001))


def test_bad_options_refuse_the_container(host, busybox_image):
    ecs = host.client(region=task_host.REGION)
    for name, value in (("mode", "fast"), ("max-buffer-size", "x"), ("awslogs-group", "a b"),
                        ("awslogs-multiline-pattern", "^x")):
        own = json.loads(json.dumps(LOGS))
        own["options"][name] = value
        arn = task_host.run(ecs, [sh(busybox_image, "true", logConfiguration=own)],
                            networkMode="none")
        task = wait_until(lambda a=arn: (lambda t: t if t["lastStatus"] == "STOPPED" else None)(
            task_host.task_of(ecs, a)), host)
        assert name in task["stoppedReason"], task["stoppedReason"]
