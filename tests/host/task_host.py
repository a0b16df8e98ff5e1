"""What tests of tasks on a real host share: the agent's configuration, waiting, definitions."""

import pathlib
import time
import urllib.request

import ecs_server

REGION = "us-east-1"
# Hosts of the lane may lack cgroup controllers; the guest lane is where limits are proved.
AGENT = {"limits": "ignore", "availability_zone": "rack-7", "attributes": {"disk": "ssd"}}


def start_host(directory, ikada, cluster=None, **agent):
    """A manager that runs tasks where `ikada` has its containers; `cluster`: its configuration."""
    server = ecs_server.EcsServer(directory, agent={**AGENT, **agent}, ikada=ikada,
                                  virtual_instances=False, **(cluster or {}))
    client = server.client(region=REGION)
    wait_until(lambda: client.list_container_instances()["containerInstanceArns"], server)
    return server


def wait_until(holds, server=None, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            value = holds()
        except Exception:  # noqa: BLE001  The cluster comes with the agent.
            value = None
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError((server.root / "log").read_text()[-2000:] if server else "")
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


def wait_status(ecs, arn, status, timeout_s=90):
    deadline = time.monotonic() + timeout_s
    while True:
        task = task_of(ecs, arn)
        if task["lastStatus"] == status:
            return task
        assert task["lastStatus"] != "STOPPED" and time.monotonic() < deadline, str(task)
        time.sleep(0.05)


def ps_names(ikada, *options):
    return ikada("ps", *options, "--format", "{{.Names}}").stdout.split()


def has_ended(pid):
    """Whether or not somebody has reaped it."""
    try:
        return " Z " in pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True


def fetch(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()
