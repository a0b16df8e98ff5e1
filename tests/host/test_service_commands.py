"""`ikada service …` and what it says, on virtual instances."""

import json
import re
import subprocess

import pytest

import ecs_server
import programs
from task_host import wait_until

CONTAINER = {"name": "web", "image": "nginx:1", "cpu": 256, "memory": 256}
RESOURCES = [{"name": "CPU", "type": "INTEGER", "integerValue": 4096},
             {"name": "MEMORY", "type": "INTEGER", "integerValue": 8192}]


class Host:
    def __init__(self, directory):
        self.server = ecs_server.EcsServer(directory, healthy_after_seconds=0)
        self.ecs = self.server.client(region="us-east-1")
        self.ecs.create_cluster()
        for _ in range(2):
            self.ecs.register_container_instance(totalResources=RESOURCES)
        self.register()

    def register(self, **members):
        self.ecs.register_task_definition(family="web",
                                          containerDefinitions=[{**CONTAINER, **members}])

    def __call__(self, *words, **options):
        return programs.run(programs.IKADA, "--run-root", self.server.run_root, "--root",
                            self.server.state_root, "service", *words, **options)


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    started = Host(tmp_path_factory.mktemp("service-commands"))
    yield started
    started.server.close()


def test_a_service_is_created_scaled_deployed_rolled_back_and_removed(host):
    created = host("create", "-w", "-n", "2", "--rollback", "web", "web:1")
    assert created.stdout == "web\n"
    assert "web: 2 of 2 running, 0 pending" in created.stderr
    assert host("ls", "--format", "{{.Name}} {{.Running}}/{{.Desired}}").stdout == "web 2/2\n"

    host("scale", "-w", "web=5")
    assert "web       web:1             5         5         0" in host("ls").stdout

    host.register(cpu=128)
    host("deploy", "-w", "web", "web")
    assert host("show", "--format", "{{.taskDefinition}}", "web").stdout.endswith("/web:2\n")
    host("rollback", "-w", "web")
    shown = json.loads(host("show", "web").stdout)[0]
    assert shown["taskDefinition"].endswith("/web:1")
    assert shown["deploymentConfiguration"]["deploymentCircuitBreaker"] == {
        "enable": True, "rollback": True}

    host("update", "--min-percent", "50", "--max-percent", "150", "-n", "4", "web")
    shown = json.loads(host("show", "web").stdout)[0]
    assert shown["deploymentConfiguration"]["minimumHealthyPercent"] == 50
    assert shown["desiredCount"] == 4
    wait_until(lambda: "(service web) has reached a steady state." in host("events", "web").stdout)
    first = host("events", "web").stdout.splitlines()[0]
    assert " (service web) has started 2 tasks: (task " in first
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \(", first), first

    assert "scaled above 0" in host("rm", "web", check=False).stderr
    assert host("rm", "-f", "-w", "web").stdout == "web\n"
    assert host("ls", "-q").stdout == ""


def test_a_deployment_that_fails_ends_the_wait(host):
    host("create", "-n", "0", "--rollback", "stuck", "web:1")
    host.ecs.register_task_definition(family="large", containerDefinitions=[
        {**CONTAINER, "cpu": 99999}])
    waiting = subprocess.Popen(
        [programs.IKADA, "--run-root", host.server.run_root, "--root", host.server.state_root,
         "service", "update", "-w", "-n", "1", "--task-definition", "large", "stuck"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = iter(waiting.stderr.readline, "")
    assert any("was unable to place a task" in line and "insufficient CPU" in line
               for line in lines)
    host("rm", "-f", "stuck")
    _, rest = waiting.communicate(timeout=60)
    assert waiting.returncode == 1
    assert "being removed" in rest or "No such service" in rest


@pytest.mark.parametrize("words, message", [
    (("create", "x"), "which service of which task definition?"),
    (("create", "x", "none"), "TaskDefinition not found."),
    (("scale", "x"), '"x": expected SERVICE=COUNT'),
    (("scale", "x=-1"), '"x=-1": expected SERVICE=COUNT'),
    (("scale", "none=1"), "Service not found."),
    (("show", "none"), "No such service: none"),
    (("events", "none"), "No such service: none"),
    (("rollback", "none"), "No such service: none"),
    (("rm", "none"), "Service not found."),
])
def test_what_cannot_be_done_is_one_line(host, words, message):
    result = host(*words, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith(f"ikada service {words[0]}: ")
    assert message in result.stderr and result.stderr.count("\n") == 1
