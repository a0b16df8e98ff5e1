"""Tasks from the API to containers: a manager that runs tasks on its own host, asked by aws."""

import json
import os
import pathlib
import shutil
import signal
import time
import urllib.request

import pytest

import ecs_server
import private_namespaces
import programs
from agent_probe import container_of

REGION = "us-east-1"
# Hosts of the lane may lack cgroup controllers; the guest lane is where limits are proved.
AGENT = {"limits": "ignore", "availability_zone": "rack-7", "attributes": {"disk": "ssd"}}


@pytest.fixture(scope="module")
def host(tmp_path_factory, shared_ikada):
    server = ecs_server.EcsServer(tmp_path_factory.mktemp("tasks"), agent=AGENT,
                                  ikada=shared_ikada, virtual_instances=False)
    wait_until(lambda: server.client(region=REGION).list_container_instances(cluster="default"),
               server)
    yield server
    server.close()


@pytest.fixture
def ecs(host):
    return host.client(region=REGION)


def wait_until(holds, server=None, timeout_s=30):
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            value = holds()
        except Exception:  # noqa: BLE001  The cluster comes with the agent.
            value = None
        if value:
            return value
        log = (server.root / "log").read_text()[-2000:] if server else ""
        assert time.monotonic() < deadline, log
        time.sleep(0.05)


def sh(image, script, name="app", **members):
    return {"name": name, "image": image, "command": ["sh", "-c", script], "memory": 32, **members}


def run(ecs, containers, family="t", **definition):
    """A new task of a new revision; its ARN."""
    registered = ecs.register_task_definition(
        family=family, containerDefinitions=containers, **definition)["taskDefinition"]
    started = ecs.run_task(taskDefinition=registered["taskDefinitionArn"])
    assert started["failures"] == []
    return started["tasks"][0]["taskArn"]


def task_of(ecs, arn):
    return ecs.describe_tasks(tasks=[arn])["tasks"][0]


def wait_status(ecs, arn, status, timeout_s=40):
    deadline = time.monotonic() + timeout_s
    while True:
        task = task_of(ecs, arn)
        if task["lastStatus"] == status:
            return task
        assert task["lastStatus"] != "STOPPED" and time.monotonic() < deadline, str(task)
        time.sleep(0.05)


def ps_names(ikada, *options):
    return ikada("ps", *options, "--format", "{{.Names}}").stdout.split()


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
    assert fetch(f"http://127.0.0.1:{binding['hostPort']}/") == b"hello\n"
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


def has_ended(pid):
    """Whether or not somebody has reaped it."""
    try:
        return " Z " in pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


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
    assert fetch(f"http://{address}/") == b"shared\n"
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

    wait_until(lambda: " Z " not in children_of(host.process.pid), timeout_s=25)


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


def test_a_daemon_that_ends_stops_no_task(host, ecs, busybox_image):
    arn = run(ecs, [sh(busybox_image, "sleep 1000", stopTimeout=0)])
    before = wait_status(ecs, arn, "RUNNING")

    host.restart(signal.SIGTERM)

    assert task_of(ecs, arn) == before
    ecs.stop_task(task=arn)
    wait_status(ecs, arn, "STOPPED")
