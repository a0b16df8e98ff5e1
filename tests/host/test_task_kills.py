"""The daemon is killed while tasks start and stop: what runs is what the records say."""

import signal
import time

import pytest

import task_host
from task_host import sh, wait_until

FAMILY = "pair"


@pytest.fixture
def host(tmp_path, shared_ikada):
    server = task_host.start_host(tmp_path / "host", shared_ikada)
    yield server
    server.close()


def running(ikada):
    return [name for name in task_host.ps_names(ikada) if name.startswith(f"ecs-{FAMILY}-")]


@pytest.mark.timeout(200)
def test_a_daemon_killed_while_tasks_start_leaves_no_container_that_nobody_knows(
        host, busybox_image, shared_ikada):
    ecs = host.client(region=task_host.REGION)
    second = sh(busybox_image, "exec sleep 1000", "two", essential=False, stopTimeout=1,
                dependsOn=[{"containerName": "one", "condition": "START"}])
    ecs.register_task_definition(family=FAMILY, networkMode="none", containerDefinitions=[
        sh(busybox_image, "exec sleep 1000", "one", stopTimeout=1), second])
    for number in range(8):
        tasks = [each["taskArn"] for each in ecs.run_task(taskDefinition=FAMILY, count=3)["tasks"]]
        time.sleep(0.03 * number)
        host.restart(signal.SIGKILL)
        for task in tasks:
            ecs.stop_task(task=task)
        wait_until(lambda: {task["lastStatus"] for task in
                            ecs.describe_tasks(tasks=tasks)["tasks"]} == {"STOPPED"}, host)
        wait_until(lambda: running(shared_ikada) == [], host, timeout_s=20)
