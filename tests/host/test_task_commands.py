"""`ikada task` and `ikada task-def` against a manager that runs tasks on its own host."""

import json

import pytest

import task_host
from task_host import wait_until

YAML = """
family: {family}
containerDefinitions:
  - name: app
    image: {image}
    memory: 32
    stopTimeout: 0
    command: [sh, -c, "{script}"]
    environment: [{{name: N, value: 7}}]
    portMappings: [{{containerPort: 80}}]
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, shared_ikada):
    """`ikada` on a manager's host."""
    server = task_host.start_host(tmp_path_factory.mktemp("cluster"), shared_ikada)
    yield shared_ikada
    server.close()


def register(cluster, image, family, script="sleep 1000"):
    text = YAML.format(family=family, image=image, script=script)
    return cluster("task-def", "register", "-f", "-", input=text).stdout.strip()


def lines(result):
    return result.stdout.splitlines()


def test_task_definitions_are_registered_listed_shown_and_removed(cluster, busybox_image, tmp_path):
    assert register(cluster, busybox_image, "defs") == "defs:1"
    shown, = json.loads(cluster("task-def", "show", "defs").stdout)
    assert shown["containerDefinitions"][0]["environment"] == [{"name": "N", "value": "7"}]
    again = tmp_path / "again.json"
    again.write_text(json.dumps({"taskDefinition": shown}))

    assert cluster("task-def", "register", "-f", again).stdout == "defs:2\n"

    assert lines(cluster("task-def", "ls", "-q", "defs")) == ["defs:1", "defs:2"]
    assert cluster("task-def", "deregister", "defs:1").stdout == "defs:1\n"
    table = lines(cluster("task-def", "ls", "-a", "defs"))
    assert table[0].split() == ["FAMILY", "REVISION", "STATUS"]
    assert [line.split() for line in table[1:]] == [["defs", "2", "ACTIVE"],
                                                    ["defs", "1", "INACTIVE"]]
    refused = cluster("task-def", "rm", "defs:2", check=False)
    assert refused.returncode == 1
    assert "ACTIVE" in refused.stderr
    assert cluster("task-def", "rm", "-f", "defs:2").stdout == "defs:2\n"
    assert lines(cluster("task-def", "ls", "-q", "defs")) == []


def test_a_task_is_run_seen_entered_and_stopped(cluster, busybox_image):
    register(cluster, busybox_image, "life", "echo hello $N; sleep 1000")

    task = cluster("task", "run", "--wait", "life").stdout.strip()

    assert len(task) == 32
    assert lines(cluster("task", "ls", "-q", "--family", "life")) == [task[:12]]
    header, row = lines(cluster("task", "ls", "--family", "life"))
    assert header.startswith("TASK ID")
    assert "life:1" in row and "RUNNING" in row and "->80/tcp" in row
    assert cluster("task", "show", "--format", "{{.lastStatus}}", task[:8]).stdout == "RUNNING\n"
    assert cluster("task", "logs", task[:8]).stdout == "hello 7\n"
    assert cluster("task", "exec", "-e", "A=1", task, "sh", "-c", "echo $A$N; exit 3",
                   check=False).stdout == "17\n"

    assert cluster("task", "stop", "--wait", "-r", "enough", task[:8]).stdout == task + "\n"

    shown, = json.loads(cluster("task", "show", task).stdout)
    assert (shown["lastStatus"], shown["stoppedReason"]) == ("STOPPED", "enough")
    assert lines(cluster("task", "ls", "-q", "--family", "life")) == []
    assert lines(cluster("task", "ls", "-aq", "--no-trunc", "--family", "life")) == [task]
    assert cluster("task", "logs", "-n", "1", task).stdout == "hello 7\n"


def test_exec_ends_as_its_command_does(cluster, busybox_image):
    register(cluster, busybox_image, "exec")
    task = cluster("task", "run", "-w", "exec").stdout.strip()

    assert cluster("task", "exec", task, "sh", "-c", "exit 3", check=False).returncode == 3

    cluster("task", "stop", "-w", task)


def test_a_run_takes_runtasks_input(cluster, busybox_image):
    register(cluster, busybox_image, "over")
    wish = """
        taskDefinition: over
        overrides:
          containerOverrides: [{name: app, command: [echo, changed]}]
    """

    tasks = lines(cluster("task", "run", "-w", "-n", "2", "-f", "-", input=wish))

    assert len(tasks) == 2
    for task in tasks:
        wait_until(lambda: cluster("task", "logs", task).stdout == "changed\n")


def test_a_task_that_cannot_start_says_why(cluster, registry):
    register(cluster, f"{registry.address}/none:1", "broken")

    result = cluster("task", "run", "--wait", "broken", check=False)

    assert result.returncode == 1
    task = result.stdout.strip()
    assert f"task {task}: CannotPullContainerError: " in result.stderr
    explained = cluster("task", "explain", task).stdout
    assert f"task {task} of broken:1 is STOPPED on " in explained
    assert "TaskFailedToStart: CannotPullContainerError: " in explained
    assert "takes it" in explained
    failed = cluster("task", "logs", task, check=False)
    assert "container app was not started" in failed.stderr


def test_explain_says_per_host_why_not(cluster, busybox_image):
    text = f"""
        family: huge
        containerDefinitions:
          - {{name: app, image: {busybox_image}, cpu: 999999, memory: 99999999}}
        placementConstraints: [{{type: memberOf, expression: "attribute:disk == tape"}}]
    """
    cluster("task-def", "register", "-f", "-", input=text)

    explained = cluster("task", "explain", "huge").stdout

    host, *objections = explained.splitlines()
    assert host.endswith(": does not take it")
    reasons = [line.split(":")[0].strip() + ":" + line.split(":")[1] for line in objections]
    assert "RESOURCE:CPU" in reasons and "RESOURCE:MEMORY" in reasons
    assert any("disk" in line for line in objections)
    answer = json.loads(cluster("task", "explain", "--json", "huge").stdout)
    assert len(answer["containerInstances"]) == 1
    refused = cluster("task", "run", "huge", check=False)
    assert refused.returncode == 1
    assert "RESOURCE:CPU" in refused.stderr
    assert refused.stdout == ""


def test_a_task_is_started_on_a_named_instance(cluster, busybox_image):
    register(cluster, busybox_image, "placed")
    host = cluster("task", "explain", "placed").stdout.split(":")[0]

    task = cluster("task", "run", "-w", "--instance", host, "--started-by", "me",
                   "placed").stdout.strip()

    assert cluster("task", "show", "--format", "{{.startedBy}}", task).stdout == "me\n"
    assert lines(cluster("task", "ls", "-q", "--instance", host)) == [task[:12]]
    cluster("task", "stop", "-w", task)


@pytest.mark.parametrize("words, message", [
    (("task", "show", "abcdef"), "No such task: abcdef"),
    (("task", "stop", "abcdef"), "No such task: abcdef"),
    (("task", "logs", "abcdef"), "No such task: abcdef"),
    (("task", "explain", "abcdef"), "No such task: abcdef"),
    (("task", "run", "nothing"), "TaskDefinition not found."),
    (("task", "ls", "--cluster", "nope"), "Cluster not found."),
    (("task-def", "show", "nothing"), "No such task definition: nothing"),
    (("task-def", "deregister", "nothing:1"), "nothing:1: "),
    (("task-def", "register", "-f", "/nonexistent.yaml"), "/nonexistent.yaml"),
    (("task", "run",), "which task definition?"),
])
def test_what_there_is_not_is_told(cluster, words, message):
    result = cluster(*words, check=False)

    assert result.returncode == 1
    assert message in result.stderr
    assert result.stderr.startswith(f"ikada {words[0]} {words[1]}: ")


@pytest.mark.parametrize("words", [
    ("task", "show"), ("task", "stop"), ("task", "exec", "x"), ("task", "explain"),
    ("task", "run", "-n", "11", "web"), ("task-def", "register"), ("task-def", "rm")])
def test_wrong_usage_is_2(cluster, words):
    assert cluster(*words, check=False).returncode == 2


def test_without_a_manager_it_is_said_where_one_should_be(ikada, cluster):
    result = ikada("task", "ls", check=False)

    assert result.returncode == 1
    assert f"no manager answers at {ikada.run_root}/api.sock" in result.stderr
