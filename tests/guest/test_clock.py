"""The wall clock steps under a manager that runs tasks: only the guest's may be changed."""

import time

import pytest

import task_host

HOUR_S = 3600


@pytest.fixture
def server(ikada, tmp_path):
    started = task_host.start_host(tmp_path / "cluster", ikada)
    yield started
    started.close()


@pytest.fixture
def steps():
    """step(seconds); the clock is right again at the end."""
    made = []

    def step(seconds):
        time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)
        made.append(seconds)

    yield step
    step(-sum(made))


def test_g24_a_clock_that_steps_ends_no_task_and_keeps_nothing_from_starting(
        ikada, server, steps, busybox_image):
    ecs = server.client(region=task_host.REGION)
    ecs.register_task_definition(family="w", networkMode="none", containerDefinitions=[
        task_host.sh(busybox_image, "exec sleep 1000")])
    ecs.create_service(serviceName="w", taskDefinition="w", desiredCount=2)
    task_host.wait_until(
        lambda: ecs.describe_services(services=["w"])["services"][0]["runningCount"] == 2, server,
        timeout_s=60)
    before = sorted(task_host.ps_names(ikada))

    for seconds in (HOUR_S, -2 * HOUR_S):
        steps(seconds)
        time.sleep(5)

        assert sorted(task_host.ps_names(ikada)) == before
        instances = ecs.describe_container_instances(
            containerInstances=ecs.list_container_instances()["containerInstanceArns"])
        assert [(each["status"], each["agentConnected"])
                for each in instances["containerInstances"]] == [("ACTIVE", True)]
        # What is asked for now is done now.
        task = ecs.run_task(taskDefinition="w")["tasks"][0]["taskArn"]
        task_host.wait_status(ecs, task, "RUNNING", 60)
        ecs.stop_task(task=task)
        task_host.wait_until(
            lambda: task_host.task_of(ecs, task)["lastStatus"] == "STOPPED", server, timeout_s=60)
