"""Tasks go on, and are told rightly, whatever of their host is killed and whenever."""

import os
import shutil
import signal
import time

import pytest

import ecs_server
import private_namespaces
import task_host
from agent_probe import container_of
from task_host import REGION, AGENT, has_ended, ps_names, run, sh, task_of, wait_status, wait_until


@pytest.fixture(scope="module")
def host(tmp_path_factory, shared_ikada):
    server = task_host.start_host(tmp_path_factory.mktemp("tasks"), shared_ikada)
    yield server
    server.close()


@pytest.fixture
def ecs(host):
    return host.client(region=REGION)


def test_each_task_runs_once_whenever_the_daemon_is_killed(host, ecs, busybox_image, tmp_path):
    """The store, the agent's memory and the containers agree, wherever the daemon was cut off."""
    ecs.register_task_definition(
        family="once", volumes=[{"name": "v", "host": {"sourcePath": str(tmp_path)}}],
        containerDefinitions=[sh(busybox_image, "echo x >> /v/$(hostname); sleep 0.3; exit 5",
                                 mountPoints=[{"sourceVolume": "v", "containerPath": "/v"}])])
    arns = []
    for round_number in range(12):
        started = ecs.run_task(taskDefinition="once", count=2)
        arns += [task["taskArn"] for task in started["tasks"]]
        time.sleep(0.04 * round_number)
        host.restart(signal.SIGKILL)

    tasks = [wait_status(ecs, arn, "STOPPED") for arn in arns]

    bad = [task for task in tasks if container_of(task, "app").get("exitCode") != 5]
    assert len(tasks) == 24 and bad == [], str(bad)
    assert {task["stopCode"] for task in tasks} == {"EssentialContainerExited"}
    assert len(os.listdir(tmp_path)) == 24
    assert all(each.read_text() == "x\n" for each in tmp_path.iterdir())


def test_tasks_that_are_stopped_while_the_daemon_is_killed_stop(host, ecs, busybox_image,
                                                                shared_ikada):
    arns = [run(ecs, [sh(busybox_image, "trap 'sleep 0.2; exit 6' TERM; while :; do sleep 0.05; "
                                        "done", stopTimeout=5)]) for _ in range(4)]
    for arn in arns:
        wait_status(ecs, arn, "RUNNING")
    for number, arn in enumerate(arns):
        ecs.stop_task(task=arn)
        time.sleep(0.07 * number)
        host.restart(signal.SIGKILL)

    for arn in arns:
        task = wait_status(ecs, arn, "STOPPED")
        assert (container_of(task, "app")["exitCode"], task["stopCode"]) == (6, "UserInitiated")
    assert ps_names(shared_ikada) == []


def test_a_host_that_has_lost_all_processes_tells_so(tmp_path, busybox_image, ikada):
    """As after a power cut: no daemon, no monitor, no container, nothing below /run."""
    ikada("pull", "-q", busybox_image)
    own = ecs_server.EcsServer(tmp_path / "own", agent=AGENT, ikada=ikada, virtual_instances=False)
    ecs = own.client(region=REGION)
    wait_until(lambda: ecs.list_container_instances(), own)
    arn = run(ecs, [sh(busybox_image, "sleep 1000")])
    container = container_of(wait_status(ecs, arn, "RUNNING"), "app")["runtimeId"]
    pid = ikada.inspect(container)["State"]["Pid"]
    monitor = int(next(line for line in open(f"/proc/{pid}/status")
                       if line.startswith("PPid:")).split()[1])

    own.stop(signal.SIGKILL)
    os.kill(monitor, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: has_ended(pid))
    shutil.rmtree(ikada.run_root)
    os.rmdir(f"{private_namespaces.find_cgroup2()}/ikada/{container}")
    own.start()

    task = wait_status(ecs, arn, "STOPPED")
    assert task["stopCode"] == "EssentialContainerExited"
    # Nobody was there to see how it ended.
    assert container_of(task, "app")["exitCode"] == 255
    again = run(ecs, [sh(busybox_image, "exit 4")])
    assert container_of(wait_status(ecs, again, "STOPPED"), "app")["exitCode"] == 4
    own.close()


def test_a_monitor_that_is_killed_ends_its_container(host, ecs, busybox_image, shared_ikada):
    arn = run(ecs, [sh(busybox_image, "sleep 1000")])
    container = container_of(wait_status(ecs, arn, "RUNNING"), "app")["runtimeId"]
    pid = shared_ikada.inspect(container)["State"]["Pid"]
    monitor = int(next(line for line in open(f"/proc/{pid}/status")
                       if line.startswith("PPid:")).split()[1])

    os.kill(monitor, signal.SIGKILL)

    task = wait_status(ecs, arn, "STOPPED")
    assert container_of(task, "app")["exitCode"] == 255
    wait_until(lambda: has_ended(pid))


def test_a_killed_daemon_adopts_its_containers(host, ecs, busybox_image, shared_ikada):
    running = run(ecs, [sh(busybox_image, "echo once; sleep 1000", stopTimeout=0,
                           portMappings=[{"containerPort": 80}])])
    ending = run(ecs, [sh(busybox_image, "while ! test -e /go; do sleep 0.1; done; exit 9")])
    before = {arn: wait_status(ecs, arn, "RUNNING") for arn in (running, ending)}
    ids = {arn: container_of(task, "app")["runtimeId"] for arn, task in before.items()}
    pid = shared_ikada.inspect(ids[running])["State"]["Pid"]

    host.stop(signal.SIGKILL)
    shared_ikada("exec", ids[ending], "touch", "/go")
    wait_until(lambda: shared_ikada.inspect(ids[ending])["State"]["Status"] == "exited")
    host.start()

    ended = wait_status(ecs, ending, "STOPPED")
    assert container_of(ended, "app")["exitCode"] == 9
    assert ended["startedAt"] == before[ending]["startedAt"]
    after = task_of(ecs, running)
    assert after["lastStatus"] == "RUNNING"
    assert after["containers"] == before[running]["containers"]
    assert shared_ikada.inspect(ids[running])["State"]["Pid"] == pid
    assert shared_ikada("logs", ids[running]).stdout == "once\n"
    assert len(ecs.list_container_instances()["containerInstanceArns"]) == 1
    ecs.stop_task(task=running)
    assert container_of(wait_status(ecs, running, "STOPPED"), "app")["exitCode"] == 137


def test_a_daemon_that_ends_stops_no_task(host, ecs, busybox_image):
    arn = run(ecs, [sh(busybox_image, "sleep 1000", stopTimeout=0)])
    before = wait_status(ecs, arn, "RUNNING")

    host.restart(signal.SIGTERM)

    assert task_of(ecs, arn) == before
    ecs.stop_task(task=arn)
    wait_status(ecs, arn, "STOPPED")
