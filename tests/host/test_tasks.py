"""Tasks from the API to containers: a manager that runs tasks on its own host, asked by aws."""

import json
import os
import signal

import pytest

import ecs_server
import programs
import task_host
from agent_probe import container_of
from task_host import REGION, AGENT, fetch, ps_names, run, sh, task_of, wait_status, wait_until


@pytest.fixture(scope="module")
def host(tmp_path_factory, shared_ikada):
    server = task_host.start_host(tmp_path_factory.mktemp("tasks"), shared_ikada)
    yield server
    server.close()


@pytest.fixture
def ecs(host):
    return host.client(region=REGION)


def test_the_host_registers_itself_with_what_it_has(ecs):
    arn, = ecs.list_container_instances(filter="attribute:disk == ssd")["containerInstanceArns"]

    instance, = ecs.describe_container_instances(containerInstances=[arn])["containerInstances"]

    resources = {each["name"]: each for each in instance["registeredResources"]}
    total_mib = int(next(line for line in open("/proc/meminfo")).split()[1]) // 1024
    assert resources["CPU"]["integerValue"] == os.cpu_count() * 1024
    assert resources["MEMORY"]["integerValue"] == total_mib - 32
    assert "22" in resources["PORTS"]["stringSetValue"]
    assert instance["agentConnected"] is True
    assert instance["status"] == "ACTIVE"
    attributes = {each["name"]: each.get("value") for each in instance["attributes"]}
    assert attributes["ecs.availability-zone"] == "rack-7"
    assert attributes["ecs.os-type"] == "linux"
    assert attributes["ecs.cpu-architecture"] == os.uname().machine.replace("aarch64", "arm64")


@pytest.mark.timeout(240)
def test_aws_runs_a_task_that_serves_and_stops_it(host, busybox_image, shared_ikada, tmp_path):
    script = "echo hello > /tmp/index.html; exec httpd -f -p 80 -h /tmp"
    definition = tmp_path / "web.json"
    definition.write_text(json.dumps({
        "family": "web", "containerDefinitions": [
            sh(busybox_image, script, "web", portMappings=[{"containerPort": 80}],
               environment=[{"name": "A", "value": "1"}], stopTimeout=1)]}))
    aws = lambda *words, **options: host.aws(*words, region=REGION, signed=True, **options)  # noqa
    aws("register-task-definition", "--cli-input-json", f"file://{definition}")

    started = aws("run-task", "--task-definition", "web")
    arn = started["tasks"][0]["taskArn"]
    assert started["tasks"][0]["lastStatus"] == "PENDING"
    aws("wait", "tasks-running", "--tasks", arn, check=False)

    task = aws("describe-tasks", "--tasks", arn)["tasks"][0]
    container, = task["containers"]
    binding, = container["networkBindings"]
    assert task["lastStatus"] == "RUNNING"
    assert (task["createdAt"] <= task["pullStartedAt"] <= task["pullStoppedAt"]
            <= task["startedAt"])
    assert not {"stopCode", "stoppedReason", "stoppedAt"} & set(task)
    assert container["lastStatus"] == "RUNNING"
    assert container["imageDigest"].startswith("sha256:")
    assert binding["containerPort"] == 80 and binding["protocol"] == "tcp"
    assert binding["bindIP"] == "0.0.0.0"
    url = f"http://127.0.0.1:{binding['hostPort']}/"
    assert wait_until(lambda: fetch(url)) == b"hello\n"
    name, = [each for each in ps_names(shared_ikada) if "-web-" in each]
    assert name == f"ecs-web-1-web-{arn.rsplit('/', 1)[1]}"

    stopping = aws("stop-task", "--task", arn, "--reason", "enough")["task"]
    assert stopping["desiredStatus"] == "STOPPED"
    aws("wait", "tasks-stopped", "--tasks", arn, check=False)

    ended = aws("describe-tasks", "--tasks", arn)["tasks"][0]
    assert (ended["lastStatus"], ended["stopCode"], ended["stoppedReason"]) == (
        "STOPPED", "UserInitiated", "enough")
    # httpd of busybox is no init: it does not hear SIGTERM as pid 1.
    assert ended["containers"][0]["exitCode"] == 137
    assert ended["stoppingAt"] <= ended["executionStoppedAt"] <= ended["stoppedAt"]
    assert name not in ps_names(shared_ikada)


def test_ten_tasks_at_once_get_ten_ports(ecs, busybox_image):
    ecs.register_task_definition(family="many", containerDefinitions=[
        sh(busybox_image, "sleep 100", portMappings=[{"containerPort": 80}], stopTimeout=0)])
    arns = [task["taskArn"] for task in ecs.run_task(taskDefinition="many", count=10)["tasks"]]

    tasks = [wait_status(ecs, arn, "RUNNING") for arn in arns]

    ports = {task["containers"][0]["networkBindings"][0]["hostPort"] for task in tasks}
    assert len(ports) == 10
    for arn in arns:
        ecs.stop_task(task=arn)
    for arn in arns:
        assert wait_status(ecs, arn, "STOPPED")["stoppedReason"] == "Task stopped by user"


def test_an_image_that_nobody_has_stops_the_task_with_ecs_words(ecs, registry):
    arn = run(ecs, [sh(f"{registry.address}/none:1", "true")])

    task = wait_status(ecs, arn, "STOPPED")

    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert container_of(task, "app")["reason"] == task["stoppedReason"]
    assert "startedAt" not in task and "exitCode" not in container_of(task, "app")


def test_the_agent_pulls_what_is_not_there(tmp_path, ikada, busybox_image):
    host = ecs_server.EcsServer(tmp_path / "host", agent=AGENT, ikada=ikada,
                                virtual_instances=False)
    ecs = host.client(region=REGION)
    wait_until(lambda: ecs.list_container_instances(), host)
    assert ikada("images", "-q").stdout == ""

    arn = run(ecs, [sh(busybox_image, "exit 7")])
    task = wait_status(ecs, arn, "STOPPED")

    assert container_of(task, "app")["exitCode"] == 7
    assert ikada("images", "-q").stdout != ""
    host.close()


def interfaces_in(text):
    return [line.split(":")[0].strip() for line in text.splitlines() if ":" in line]


@pytest.mark.parametrize("mode, interfaces", [("host", None), ("none", ["lo"])])
def test_network_modes_without_a_bridge(ecs, busybox_image, shared_ikada, mode, interfaces):
    port = ecs_server.free_port()
    ports = [{"containerPort": port}] if mode == "host" else []
    arn = run(ecs, [sh(busybox_image, "cat /proc/net/dev; sleep 1000", portMappings=ports,
                       stopTimeout=0)], family=f"net-{mode}", networkMode=mode)

    container = container_of(wait_status(ecs, arn, "RUNNING"), "app")

    wait_until(lambda: shared_ikada("logs", container["runtimeId"]).stdout)
    seen = interfaces_in(shared_ikada("logs", container["runtimeId"]).stdout)
    assert seen == (interfaces or interfaces_in(open("/proc/net/dev").read()))
    bindings = [(each["containerPort"], each["hostPort"]) for each in container["networkBindings"]]
    assert bindings == ([(port, port)] if mode == "host" else [])
    ecs.stop_task(task=arn)
    wait_status(ecs, arn, "STOPPED")


def test_health_and_order_are_shown(ecs, busybox_image):
    arn = run(ecs, [
        sh(busybox_image, "sleep 1000", "web", stopTimeout=0,
           dependsOn=[{"containerName": "init", "condition": "SUCCESS"},
                      {"containerName": "db", "condition": "HEALTHY"}]),
        sh(busybox_image, "exit 0", "init", essential=False),
        sh(busybox_image, "sleep 1; touch /well; sleep 1000", "db", stopTimeout=0,
           healthCheck={"command": ["CMD-SHELL", "test -e /well"], "interval": 5, "timeout": 2,
                        "retries": 3})], family="order")

    task = wait_status(ecs, arn, "RUNNING")

    assert task["healthStatus"] == "HEALTHY"
    assert container_of(task, "db")["healthStatus"] == "HEALTHY"
    assert container_of(task, "init")["exitCode"] == 0
    assert container_of(task, "init")["lastStatus"] == "STOPPED"
    ecs.stop_task(task=arn)
    wait_status(ecs, arn, "STOPPED")


def test_a_dependency_that_fails_stops_the_task(ecs, busybox_image):
    arn = run(ecs, [
        sh(busybox_image, "sleep 1000", "web",
           dependsOn=[{"containerName": "init", "condition": "SUCCESS"}]),
        sh(busybox_image, "exit 2", "init", essential=False)], family="order")

    task = wait_status(ecs, arn, "STOPPED")

    assert task["stopCode"] == "TaskFailedToStart"
    assert "[init]" in task["stoppedReason"]
    assert "did not exit successfully" in task["stoppedReason"]
    assert container_of(task, "init")["exitCode"] == 2
    assert "exitCode" not in container_of(task, "web")


AWSVPC = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


def run_with_address(ecs, containers, family):
    ecs.register_task_definition(family=family, networkMode="awsvpc",
                                 containerDefinitions=containers)
    started = ecs.run_task(taskDefinition=family, networkConfiguration=AWSVPC)
    assert started["failures"] == []
    task, = started["tasks"]
    assert task["lastStatus"] == "PROVISIONING"
    assert task["attachments"][0]["status"] == "PRECREATED"
    return task["taskArn"]


def test_a_task_in_mode_awsvpc_has_an_address_for_all_its_containers(host, ecs, busybox_image,
                                                                    shared_ikada):
    script = "echo shared > /tmp/index.html; exec httpd -f -p 80 -h /tmp"
    arn = run_with_address(ecs, [
        sh(busybox_image, script, "web", portMappings=[{"containerPort": 80}], stopTimeout=0),
        sh(busybox_image, "until wget -q -O - http://127.0.0.1:80; do sleep 0.1; done; hostname; "
                          "grep $(hostname) /etc/hosts; sleep 1000", "side", stopTimeout=0)],
        "vpc")

    task = wait_status(ecs, arn, "RUNNING")

    attachment, = task["attachments"]
    details = {each["name"]: each["value"] for each in attachment["details"]}
    address = details["privateIPv4Address"]
    assert attachment["status"] == "ATTACHED" and details["subnetId"] == "subnet-1"
    assert [each["name"] for each in task["containers"]] == ["web", "side"]
    for container in task["containers"]:
        assert container["networkInterfaces"] == [
            {"attachmentId": attachment["id"], "privateIpv4Address": address}]
        assert container["networkBindings"] == []
    assert wait_until(lambda: fetch(f"http://{address}/")) == b"shared\n"
    name = "ip-" + address.replace(".", "-")
    side = container_of(task, "side")["runtimeId"]
    wait_until(lambda: shared_ikada("logs", side).stdout.count("\n") == 3)
    assert shared_ikada("logs", side).stdout == f"shared\n{name}\n{address}\t{name}\n"

    host.restart(signal.SIGKILL)
    assert task_of(ecs, arn) == task
    assert fetch(f"http://{address}/") == b"shared\n"
    ecs.stop_task(task=arn)

    ended = wait_status(ecs, arn, "STOPPED")
    assert ended["attachments"][0]["status"] == "DELETED"
    assert ps_names(shared_ikada) == []


def test_the_address_of_a_task_stays_when_its_containers_come_and_go(ecs, busybox_image,
                                                                    shared_ikada):
    arn = run_with_address(ecs, [
        sh(busybox_image, "hostname", "first", essential=False),
        sh(busybox_image, "hostname; exit 3", "second",
           dependsOn=[{"containerName": "first", "condition": "SUCCESS"}])], "vpc-order")

    task = wait_status(ecs, arn, "STOPPED")

    names = [shared_ikada("logs", container_of(task, each)["runtimeId"]).stdout
             for each in ("first", "second")]
    assert names[0] == names[1] and names[0].startswith("ip-10-88-")
    assert container_of(task, "second")["exitCode"] == 3
    assert task["stopCode"] == "EssentialContainerExited"


def test_monitors_that_end_leave_no_dead_children(host, ecs, busybox_image):
    arns = [run(ecs, [sh(busybox_image, "true")]) for _ in range(3)]
    for arn in arns:
        wait_status(ecs, arn, "STOPPED")

    wait_until(lambda: " Z " not in children_of(host.process.pid), timeout_s=60)


def children_of(pid):
    return programs.run("ps", "--ppid", pid, "-o", "stat=,comm=", check=False).stdout.replace(
        "Z", " Z ")


def test_tasks_of_an_instance_that_is_taken_away_by_force_end(tmp_path, busybox_image, ikada):
    ikada("pull", "-q", busybox_image)
    own = ecs_server.EcsServer(tmp_path / "own", agent=AGENT, ikada=ikada, virtual_instances=False)
    ecs = own.client(region=REGION)
    instance = wait_until(lambda: ecs.list_container_instances()["containerInstanceArns"], own)[0]
    arn = run(ecs, [sh(busybox_image, "sleep 1000", stopTimeout=0)])
    wait_status(ecs, arn, "RUNNING")

    ecs.deregister_container_instance(containerInstance=instance, force=True)

    wait_until(lambda: ps_names(ikada) == [])
    assert task_of(ecs, arn)["stoppedReason"] == "Container instance deregistration forced by user"
    own.close()


def test_containers_of_tasks_that_are_over_go(tmp_path, busybox_image, ikada):
    ikada("pull", "-q", busybox_image)
    own = ecs_server.EcsServer(tmp_path / "own", agent={**AGENT, "retention_s": 0}, ikada=ikada,
                               virtual_instances=False)
    ecs = own.client(region=REGION)
    wait_until(lambda: ecs.list_container_instances(), own)
    arn = run(ecs, [sh(busybox_image, "exit 3")])

    wait_status(ecs, arn, "STOPPED")

    wait_until(lambda: ps_names(ikada, "-a") == [])
    wait_until(lambda: os.listdir(ikada.root / "agent" / "tasks") == [])
    own.close()


def test_a_manager_may_run_no_tasks(tmp_path, ikada):
    own = ecs_server.EcsServer(tmp_path / "own", agent={"run_tasks": False}, ikada=ikada,
                               virtual_instances=False)
    ecs = own.client(region=REGION)

    ecs.create_cluster()

    assert ecs.list_container_instances()["containerInstanceArns"] == []
    own.close()


def test_a_wrong_agent_configuration_is_told(tmp_path):
    config = tmp_path / "agent.yaml"
    config.write_text("retention_s: soon\n")
    (tmp_path / "cluster.yaml").write_text("")

    result = programs.run(
        programs.IKADAD, "--run-root", tmp_path / "run", "--root", tmp_path / "state",
        "--cluster-config", tmp_path / "cluster.yaml", "--agent-config", config,
        "--api-port", str(ecs_server.free_port()), check=False)

    assert result.returncode == 1
    assert f"{config}: retention_s: " in result.stderr


def test_what_a_task_holds_is_free_when_it_has_stopped(ecs, busybox_image):
    def remaining():
        arn, = ecs.list_container_instances()["containerInstanceArns"]
        shown, = ecs.describe_container_instances(containerInstances=[arn])["containerInstances"]
        resources = {each["name"]: each for each in shown["remainingResources"]}
        return resources["MEMORY"]["integerValue"], shown["runningTasksCount"]

    memory, running = remaining()
    arn = run(ecs, [sh(busybox_image, "sleep 100", memory=64, stopTimeout=0)])
    wait_status(ecs, arn, "RUNNING")
    assert remaining() == (memory - 64, running + 1)

    ecs.stop_task(task=arn)
    wait_status(ecs, arn, "STOPPED")

    assert remaining() == (memory, running)


@pytest.mark.timeout(120)
def test_what_others_wrote_ends_no_line_of_the_log(host, ecs, busybox_image, shared_ikada):
    log = host.root / "log"
    before = log.stat().st_size
    hostile = 'a"\n2026-01-01 error: forged reason="\x1b[31m\x7f\x9b2J\u202e'

    refused = run(ecs, [sh(busybox_image, "true", hostname=hostile)], family="hostile")
    wait_until(lambda: task_of(ecs, refused)["lastStatus"] == "STOPPED", host)
    stopped = run(ecs, [sh(busybox_image, "sleep 1000", stopTimeout=1)], family="hostile")
    wait_status(ecs, stopped, "RUNNING")
    ecs.stop_task(task=stopped, reason=hostile)
    wait_until(lambda: task_of(ecs, stopped)["lastStatus"] == "STOPPED", host)
    identifiers = [arn.rsplit("/", 1)[1] for arn in (refused, stopped)]
    wait_until(lambda: all(f"task stopped task={each}" in log.read_text() for each in identifiers))

    new = log.read_text()[before:]
    assert all(character.isprintable() for line in new.splitlines() for character in line)
    assert "\nforged" not in new and "\n2026-01-01" not in new
    for each in identifiers:
        line, = [line for line in new.splitlines() if f"task stopped task={each}" in line]
        assert r'a\"\n2026-01-01 error: forged reason=\"\x1b[31m\x7f\xc2\x9b2J\xe2\x80\xae' in line
    shown = shared_ikada("task", "run", "--wait", "hostile:1", check=False).stderr
    assert "forged" in shown and all(each.isprintable() for each in shown.rstrip("\n"))
