"""Services on a real host: they serve, heal, are rolled out and rolled back."""

import pytest

import task_host
from agent_probe import container_of
from service_probe import messages, service_of, tasks_of, wait_stable
from task_host import fetch, sh, wait_until


@pytest.fixture(scope="module")
def host(tmp_path_factory, shared_ikada):
    server = task_host.start_host(tmp_path_factory.mktemp("service-host"), shared_ikada,
                                  cluster={"healthy_after_seconds": 0})
    yield server
    server.close()


WEB = "hostname > /tmp/index.html; exec httpd -f -p 80 -h /tmp"


def ports_of(ecs, name):
    return [task["containers"][0]["networkBindings"][0]["hostPort"]
            for task in tasks_of(ecs, name) if task["lastStatus"] == "RUNNING"]


def served_at(port):
    """Once it is up: a task runs before what is in it serves."""
    return wait_until(lambda: fetch(f"http://127.0.0.1:{port}/"))


@pytest.mark.timeout(240)
def test_a_real_service_serves_heals_and_is_rolled_out(host, busybox_image, shared_ikada):
    ecs = host.client(region=task_host.REGION)
    definition = dict(family="real", containerDefinitions=[
        sh(busybox_image, WEB, "web", portMappings=[{"containerPort": 80}], stopTimeout=1)])
    ecs.register_task_definition(**definition)
    ecs.create_service(serviceName="real", taskDefinition="real", desiredCount=5)
    wait_stable(ecs, "real")
    names = {served_at(port) for port in ports_of(ecs, "real")}
    assert len(names) == 5

    killed = tasks_of(ecs, "real")[0]
    shared_ikada("kill", container_of(killed, "web")["runtimeId"])
    wait_until(lambda: len(tasks_of(ecs, "real", "STOPPED")) == 1, host)
    wait_stable(ecs, "real")
    again = {served_at(port) for port in ports_of(ecs, "real")}
    assert len(again) == 5 and len(again & names) == 4

    ecs.register_task_definition(**definition)
    ecs.update_service(service="real", taskDefinition="real")
    wait_stable(ecs, "real")
    rolled = {served_at(port) for port in ports_of(ecs, "real")}
    assert len(rolled) == 5 and not rolled & again

    ecs.delete_service(service="real", force=True)
    ecs.get_waiter("services_inactive").wait(
        services=["real"], WaiterConfig={"Delay": 0.2, "MaxAttempts": 200})


@pytest.mark.timeout(240)
def test_a_broken_revision_is_rolled_back_by_the_breaker(host, busybox_image):
    ecs = host.client(region=task_host.REGION)
    good = [sh(busybox_image, "exec sleep 1000", stopTimeout=1)]
    ecs.register_task_definition(family="frail", containerDefinitions=good)
    ecs.create_service(
        serviceName="frail", taskDefinition="frail", desiredCount=2,
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}})
    first = wait_stable(ecs, "frail")["deployments"][0]["id"]
    wait_until(lambda: service_of(ecs, "frail")["deployments"][0]["rolloutState"] == "COMPLETED")

    bad = [{**good[0], "command": ["/no/such/program"]}]
    ecs.register_task_definition(family="frail", containerDefinitions=bad)
    ecs.update_service(service="frail", taskDefinition="frail")
    wait_until(lambda: f"(service frail) rolling back to deployment {first}." in
               messages(ecs, "frail"), host, timeout_s=60)
    service = wait_stable(ecs, "frail")
    assert service["deployments"][0]["id"] == first
    assert service["taskDefinition"].endswith("frail:1")
    assert len(tasks_of(ecs, "frail")) == 2
    ecs.delete_service(service="frail", force=True)
