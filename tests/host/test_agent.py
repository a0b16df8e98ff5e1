"""Tasks on one host, from their definition to the last report; the agent may die meanwhile."""

import os
import signal
import time

import pytest

import agent_probe
from agent_probe import container_of, log_of


@pytest.fixture
def agent(shared_ikada):
    probe = agent_probe.AgentProbe(shared_ikada)
    yield probe
    probe.close()


def sh(image, script, name="app", **members):
    return {"name": name, "image": image, "command": ["sh", "-c", script], "memory": 32, **members}


def wait_until(holds, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_task_is_pulled_runs_and_ends_with_its_exit_status(ikada, busybox_image):
    agent = agent_probe.AgentProbe(ikada)
    task = agent.run([sh(busybox_image, "echo hello $A; sleep 0.3; exit 3",
                         environment=[{"name": "A", "value": "there"}])])

    ended = agent.wait_status(task, "STOPPED")

    container = container_of(ended, "app")
    assert container["exitCode"] == 3
    assert container["imageDigest"].startswith("sha256:")
    assert "reason" not in container
    assert ended["stopCode"] == "EssentialContainerExited"
    assert ended["stoppedReason"] == "Essential container in task exited"
    assert "RUNNING" in agent.statuses(task)
    assert (ended["pullStartedAt"] <= ended["pullStoppedAt"] <= ended["startedAt"]
            <= ended["executionStoppedAt"] <= ended["stoppedAt"])
    assert log_of(ikada, ended, "app") == "hello there\n"
    labels = ikada.inspect(container["runtimeId"])["Config"]["Labels"]
    assert labels["com.amazonaws.ecs.task-arn"].endswith(f"task/default/{task}")
    agent.close()


def test_an_image_that_cannot_be_pulled_is_told_in_ecs_words(agent, registry):
    task = agent.run([sh(f"{registry.address}/no-such:1", "true")])

    ended = agent.wait_status(task, "STOPPED")

    assert ended["stopCode"] == "TaskFailedToStart"
    assert ended["stoppedReason"].startswith("CannotPullContainerError: ")
    assert container_of(ended, "app")["reason"] == ended["stoppedReason"]
    assert "exitCode" not in container_of(ended, "app")


def test_a_program_that_does_not_exist_is_told_in_ecs_words(agent, busybox_image, shared_ikada):
    task = agent.run([{"name": "app", "image": busybox_image, "command": ["/no/such"],
                       "memory": 32}])

    ended = agent.wait_status(task, "STOPPED")

    assert ended["stopCode"] == "TaskFailedToStart"
    assert ended["stoppedReason"].startswith("CannotStartContainerError: ")
    assert "runtimeId" not in container_of(ended, "app")


def test_a_stopped_task_gets_the_signal_and_then_is_killed(agent, busybox_image, shared_ikada):
    gentle = agent.run([sh(busybox_image, "trap 'exit 5' TERM; while :; do sleep 0.1; done")])
    stubborn = agent.run([sh(busybox_image, "trap '' TERM; while :; do sleep 0.1; done",
                             stopTimeout=1)])
    running = {task: agent.wait_status(task, "RUNNING") for task in (gentle, stubborn)}
    shared_ikada.await_trap(container_of(running[gentle], "app")["runtimeId"], signal.SIGTERM)
    for task in running:
        agent.stop_task(task)

    first = agent.wait_status(gentle, "STOPPED")
    second = agent.wait_status(stubborn, "STOPPED")

    assert container_of(first, "app")["exitCode"] == 5
    assert container_of(second, "app")["exitCode"] == 137
    assert second["stopCode"] == "UserInitiated"
    assert second["stoppedReason"] == "enough"
    assert "STOPPING" in agent.statuses(stubborn)


def test_containers_start_in_order_and_share_volumes_and_names(agent, busybox_image, shared_ikada):
    task = agent.run(
        [sh(busybox_image, "cat /data/ready; cat /shared/ready; grep -c database /etc/hosts",
            dependsOn=[{"containerName": "init", "condition": "SUCCESS"},
                       {"containerName": "db", "condition": "HEALTHY"}],
            volumesFrom=[{"sourceContainer": "init"}], links=["db:database"],
            mountPoints=[{"sourceVolume": "shared", "containerPath": "/shared"}]),
         sh(busybox_image, "sleep 0.3; echo made > /data/ready; echo too > /more/ready", "init",
            essential=False,
            mountPoints=[{"sourceVolume": "data", "containerPath": "/data"},
                         {"sourceVolume": "shared", "containerPath": "/more"}]),
         sh(busybox_image, "sleep 1; touch /well; sleep 100", "db", essential=False, stopTimeout=1,
            healthCheck={"command": ["CMD-SHELL", "test -e /well"], "interval": 1, "timeout": 2,
                         "retries": 10})],
        volumes=[{"name": "data"}, {"name": "shared"}])

    ended = agent.wait_status(task, "STOPPED")

    assert log_of(shared_ikada, ended, "app") == "made\ntoo\n1\n"
    assert container_of(ended, "init")["exitCode"] == 0
    assert container_of(ended, "app")["exitCode"] == 0
    assert container_of(ended, "db")["healthStatus"] == "HEALTHY"


def test_a_check_that_fails_or_takes_too_long_makes_the_task_unhealthy(agent, busybox_image,
                                                                       shared_ikada):
    task = agent.run([
        sh(busybox_image, "sleep 100", stopTimeout=0, healthCheck={
            "command": ["CMD", "sleep", "77"], "interval": 1, "timeout": 1, "retries": 1})])

    sick = agent.wait(task, lambda it: it["healthStatus"] == "UNHEALTHY")

    assert sick["lastStatus"] == "RUNNING"
    top = shared_ikada("top", container_of(sick, "app")["runtimeId"]).stdout
    assert top.count("sleep 77") <= 1
    agent.stop_task(task)
    agent.wait_status(task, "STOPPED")


def test_dynamic_ports_are_told_and_two_tasks_of_one_definition_run(agent, busybox_image):
    definition = [sh(busybox_image, "sleep 100", stopTimeout=0,
                     portMappings=[{"containerPort": 80, "protocol": "tcp", "hostPort": 0}])]
    tasks = [agent.run(definition), agent.run(definition)]
    bindings = []
    for task in tasks:
        shown = agent.wait_status(task, "RUNNING")
        bindings += container_of(shown, "app")["networkBindings"]
        agent.stop_task(task)

    assert {each["containerPort"] for each in bindings} == {80}
    assert len({each["hostPort"] for each in bindings}) == 2
    assert {each["bindIP"] for each in bindings} == {"0.0.0.0"}
    for task in tasks:
        agent.wait_status(task, "STOPPED")


def test_a_killed_agent_finds_its_containers_again_and_starts_nothing_twice(
        agent, busybox_image, shared_ikada):
    running = agent.run([sh(busybox_image, "echo once; while :; do sleep 0.1; done",
                            stopTimeout=0)])
    ending = agent.run([sh(busybox_image, "while ! test -e /go; do sleep 0.1; done; exit 9")])
    before = {task: agent.wait_status(task, "RUNNING") for task in (running, ending)}

    agent.kill()
    shared_ikada("exec", container_of(before[ending], "app")["runtimeId"], "touch", "/go")
    wait_until(lambda: shared_ikada.inspect(
        container_of(before[ending], "app")["runtimeId"])["State"]["Status"] == "exited")
    agent.start()

    after = agent.wait_status(ending, "STOPPED")
    assert container_of(after, "app")["exitCode"] == 9
    assert agent.reports[running][-1]["task"]["lastStatus"] == "RUNNING"
    agent.stop_task(running)
    last = agent.wait_status(running, "STOPPED")
    assert log_of(shared_ikada, last, "app") == "once\n"
    assert container_of(last, "app")["runtimeId"] == \
        container_of(before[running], "app")["runtimeId"]


def test_an_agent_killed_at_any_moment_runs_each_task_once(agent, busybox_image, shared_ikada):
    tasks = []
    for pause_s in (0, 0.02, 0.05, 0.1, 0.2):
        tasks.append(agent.run([sh(busybox_image, "echo once; sleep 0.2")]))
        wait_until(lambda: tasks[-1] in agent.reports)
        time.sleep(pause_s)
        agent.restart()

    for task in tasks:
        ended = agent.wait_status(task, "STOPPED")
        assert container_of(ended, "app")["exitCode"] == 0, ended
        assert log_of(shared_ikada, ended, "app") == "once\n"


def test_what_was_not_acknowledged_is_told_again(agent, busybox_image):
    agent.tell(acknowledge=False)
    task = agent.run([sh(busybox_image, "exit 4")])
    agent.wait_status(task, "STOPPED")
    told = len(agent.reports[task])
    sequence = agent.reports[task][-1]["sequence"]

    agent.restart()

    wait_until(lambda: len(agent.reports[task]) > told)
    assert agent.reports[task][-1]["sequence"] == sequence
    assert agent.reports[task][-1]["task"]["lastStatus"] == "STOPPED"
    wait_until(lambda: not is_unacknowledged(agent, task))
    told = len(agent.reports[task])
    agent.restart()
    time.sleep(0.5)
    assert len(agent.reports[task]) == told


def is_unacknowledged(agent, task):
    text = (agent.ikada.root / "agent" / "tasks" / f"{task}.json").read_text()
    return f'"acknowledged":{agent.reports[task][-1]["sequence"]},' not in text


def test_containers_and_volumes_go_after_the_retention(ikada, busybox_image):
    agent = agent_probe.AgentProbe(ikada, retention_ms=500)
    task = agent.run([sh(busybox_image, "echo x > /v/x",
                         mountPoints=[{"sourceVolume": "v", "containerPath": "/v"}])],
                     volumes=[{"name": "v"}])
    agent.wait_status(task, "STOPPED")

    wait_until(lambda: not os.listdir(ikada.root / "agent" / "tasks"))

    assert ikada.containers() == []
    assert ikada("volume", "ls", "-q").stdout == ""
    agent.close()


def test_a_container_is_started_again_by_its_restart_policy(agent, busybox_image, shared_ikada):
    task = agent.run([sh(busybox_image, "echo run; sleep 1; exit 1", restartPolicy={
        "enabled": True, "restartAttemptPeriod": 1})])

    wait_until(lambda: task in agent.reports and "runtimeId" in
               agent.reports[task][-1]["task"]["containers"][0])
    running = agent.wait_status(task, "RUNNING")
    wait_until(lambda: log_of(shared_ikada, running, "app").count("run") >= 2)
    agent.stop_task(task)

    ended = agent.wait_status(task, "STOPPED")
    assert ended["stopCode"] == "UserInitiated"


def test_a_container_that_is_removed_by_hand_counts_as_killed(agent, busybox_image, shared_ikada):
    task = agent.run([sh(busybox_image, "sleep 100")])
    running = agent.wait_status(task, "RUNNING")

    shared_ikada("rm", "-f", container_of(running, "app")["runtimeId"])

    assert container_of(agent.wait_status(task, "STOPPED"), "app")["exitCode"] == 137


def test_environment_files_of_the_host_are_read(agent, busybox_image, shared_ikada, tmp_path):
    (tmp_path / "a.env").write_text("A=1\nB=2\n")
    task = agent.run([sh(busybox_image, "echo $A $B",
                         environment=[{"name": "B", "value": "own"}],
                         environmentFiles=[{"type": "s3", "value": str(tmp_path / "a.env")}])])

    assert log_of(shared_ikada, agent.wait_status(task, "STOPPED"), "app") == "1 own\n"


def test_secrets_that_nobody_has_are_told_in_ecs_words(agent, busybox_image):
    task = agent.run([sh(busybox_image, "true",
                         secrets=[{"name": "S", "valueFrom": "arn:aws:ssm:x:1:parameter/s"}])])

    ended = agent.wait_status(task, "STOPPED")

    assert ended["stoppedReason"].startswith(
        "ResourceInitializationError: unable to pull secrets")
