"""A deployment's tasks have one image, wherever its tag moves meanwhile."""

import pytest

import images
import task_host
from agent_probe import container_of
from service_probe import service_of, tasks_of, wait_stable
from task_host import sh, wait_until


@pytest.fixture(scope="module")
def host(tmp_path_factory, shared_ikada):
    server = task_host.start_host(tmp_path_factory.mktemp("pins-host"), shared_ikada,
                                  cluster={"healthy_after_seconds": 0})
    yield server
    server.close()


def push(registry, rootfs, version):
    layer = images.layer_of_directory(rootfs)
    image = images.Image([layer], config={
        "Cmd": ["/bin/sh"], "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", f"VERSION={version}"]})
    registry.push("pinned", "stable", image)
    return f"{registry.address}/pinned:stable"


def digests_of(ecs, name):
    return {container_of(task, "app").get("imageDigest")
            for task in tasks_of(ecs, name) if task["lastStatus"] == "RUNNING"}


def is_complete(ecs, name):
    deployment, = service_of(ecs, name)["deployments"]
    return deployment["rolloutState"] == "COMPLETED"


@pytest.mark.timeout(240)
def test_a_tag_that_moves_changes_nothing_until_the_next_deployment(
        host, registry, busybox_rootfs, shared_ikada):
    ecs = host.client(region=task_host.REGION)
    image = push(registry, busybox_rootfs, "one")
    ecs.register_task_definition(family="pinned", containerDefinitions=[
        sh(image, "exec sleep 1000", stopTimeout=1)])
    ecs.create_service(serviceName="pinned", taskDefinition="pinned", desiredCount=2)
    wait_stable(ecs, "pinned")
    wait_until(lambda: is_complete(ecs, "pinned"), host)
    first = digests_of(ecs, "pinned")
    assert len(first) == 1

    push(registry, busybox_rootfs, "two")
    shared_ikada("pull", "-q", image)
    killed = tasks_of(ecs, "pinned")[0]
    ecs.update_service(service="pinned", desiredCount=3)
    shared_ikada("kill", container_of(killed, "app")["runtimeId"])
    wait_until(lambda: len(tasks_of(ecs, "pinned", "STOPPED")) == 1, host)
    wait_stable(ecs, "pinned")
    assert digests_of(ecs, "pinned") == first
    newest = max(tasks_of(ecs, "pinned"), key=lambda task: task["createdAt"])
    assert container_of(newest, "app")["image"] == image

    ecs.update_service(service="pinned", forceNewDeployment=True)
    wait_stable(ecs, "pinned")
    wait_until(lambda: is_complete(ecs, "pinned"), host)
    second = digests_of(ecs, "pinned")
    assert len(second) == 1 and second != first

    _, _, shown = host.raw("DescribeServices", {"services": ["pinned"]})
    revision = shown["services"][0]["currentServiceRevisions"][0]["arn"]
    _, _, shown = host.raw("DescribeServiceRevisions", {"serviceRevisionArns": [revision]})
    pinned, = shown["serviceRevisions"][0]["containerImages"]
    assert pinned == {"containerName": "app", "image": image, "imageDigest": second.pop()}
    ecs.delete_service(service="pinned", force=True)


def test_an_image_that_has_another_name_in_a_registry_is_there_for_all_tasks(
        host, busybox_image, shared_ikada):
    """It was tagged here; what its deployment pins is in no registry of its name."""
    ecs = host.client(region=task_host.REGION)
    shared_ikada("tag", busybox_image, "mine:1")
    ecs.register_task_definition(family="mine", containerDefinitions=[
        sh("mine:1", "exec sleep 1000", stopTimeout=1)])
    ecs.create_service(serviceName="mine", taskDefinition="mine", desiredCount=1)
    wait_stable(ecs, "mine")

    ecs.update_service(service="mine", desiredCount=3)
    wait_stable(ecs, "mine")

    assert tasks_of(ecs, "mine", "STOPPED") == []
    ecs.delete_service(service="mine", force=True)
    shared_ikada("rmi", "mine:1", check=False)
