"""Services: from desired counts to tasks, on virtual instances."""

import hashlib
import re
import signal
import time

import botocore.exceptions
import pytest

import ecs_server
from service_probe import messages, service_of, tasks_of, wait_stable
from task_host import wait_until

CONTAINER = {"name": "web", "image": "nginx:1", "cpu": 256, "memory": 256,
             "portMappings": [{"containerPort": 80}]}
RESOURCES = [{"name": "CPU", "type": "INTEGER", "integerValue": 4096},
             {"name": "MEMORY", "type": "INTEGER", "integerValue": 8192}]


@pytest.fixture(scope="module")
def manager(tmp_path_factory):
    started = ecs_server.EcsServer(tmp_path_factory.mktemp("services"), healthy_after_seconds=0)
    yield started
    started.close()


@pytest.fixture
def ecs(manager, request):
    """A client in a region of the test's own, with a cluster of three hosts."""
    region = "r-" + hashlib.sha1(request.node.name.encode()).hexdigest()
    client = manager.client(region=region)
    client.create_cluster()
    for _ in range(3):
        client.register_container_instance(totalResources=RESOURCES)
    register(client)
    return client


def register(ecs, family="web", **members):
    return ecs.register_task_definition(
        family=family, containerDefinitions=[{**CONTAINER, **members}])["taskDefinition"]


def error_of(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]


def create(ecs, count, name="web", **options):
    return ecs.create_service(serviceName=name, taskDefinition="web", desiredCount=count,
                              **options)["service"]


def test_a_restarted_manager_goes_on_where_it_stood(tmp_path):
    server = ecs_server.EcsServer(tmp_path, healthy_after_seconds=0)
    try:
        ecs = server.client()
        ecs.create_cluster()
        for _ in range(3):
            ecs.register_container_instance(totalResources=RESOURCES)
        register(ecs)
        create(ecs, 30)
        for _ in range(3):
            ecs.update_service(service="web", forceNewDeployment=True)
            server.restart(signal.SIGKILL)
        service = wait_stable(ecs)
        assert len(tasks_of(ecs)) == 30
        assert {task["startedBy"] for task in tasks_of(ecs)} == {service["deployments"][0]["id"]}
    finally:
        server.close()


def test_a_service_comes_grows_and_shrinks(ecs):
    created = create(ecs, 1, tags=[{"key": "a", "value": "b"}])
    assert created["status"] == "ACTIVE"
    assert created["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    assert re.fullmatch(r"ecs-svc/\d{19}", created["deployments"][0]["id"])
    service = wait_stable(ecs)
    assert service["runningCount"] == 1

    ecs.update_service(service="web", desiredCount=15)
    service = wait_stable(ecs)
    tasks = tasks_of(ecs)
    assert len(tasks) == 15
    hosts = [task["containerInstanceArn"] for task in tasks]
    assert sorted(hosts.count(host) for host in set(hosts)) == [5, 5, 5]
    assert {task["group"] for task in tasks} == {"service:web"}
    assert {task["startedBy"] for task in tasks} == {service["deployments"][0]["id"]}
    assert service["tags"] == [{"key": "a", "value": "b"}]

    ecs.update_service(service="web", desiredCount=3)
    wait_stable(ecs)
    hosts = [task["containerInstanceArn"] for task in tasks_of(ecs)]
    assert len(set(hosts)) == 3
    stopped = tasks_of(ecs, status="STOPPED")
    assert {task["stopCode"] for task in stopped} == {"ServiceSchedulerInitiated"}
    assert {task["stoppedReason"] for task in stopped} == {
        f"Scaling activity initiated by (deployment {service['deployments'][0]['id']})"}
    wait_until(lambda: messages(ecs)[0] == "(service web) has reached a steady state.")
    assert any("has started 14 tasks: (task " in each for each in messages(ecs))
    assert ecs.describe_clusters(include=["STATISTICS"])["clusters"][0]["activeServicesCount"] == 1


def test_a_new_task_definition_is_rolled_out(ecs):
    create(ecs, 4)
    before = wait_stable(ecs)["deployments"][0]["id"]
    register(ecs, cpu=128)
    shown = ecs.update_service(service="web", taskDefinition="web")["service"]
    assert [each["status"] for each in shown["deployments"]] == ["PRIMARY", "ACTIVE"]
    assert shown["taskDefinition"].endswith("web:2")
    service = wait_stable(ecs)
    assert service["deployments"][0]["id"] != before
    assert service["deployments"][0]["rolloutState"] == "COMPLETED"
    assert {task["taskDefinitionArn"].rpartition("/")[2] for task in tasks_of(ecs)} == {"web:2"}
    # The same definition again changes nothing, unless a new deployment is wanted.
    ecs.update_service(service="web", taskDefinition="web:2")
    assert service_of(ecs)["deployments"][0]["id"] == service["deployments"][0]["id"]
    ecs.update_service(service="web", forceNewDeployment=True)
    assert wait_stable(ecs)["deployments"][0]["id"] != service["deployments"][0]["id"]


def test_a_deregistered_definition_goes_on_in_its_service(ecs):
    create(ecs, 1)
    wait_stable(ecs)
    ecs.deregister_task_definition(taskDefinition="web:1")
    ecs.update_service(service="web", desiredCount=2)
    assert wait_stable(ecs)["runningCount"] == 2
    assert error_of(ecs.create_service, serviceName="other", taskDefinition="web:1",
                    desiredCount=1)["Code"] == "ClientException"


def test_stopped_tasks_and_tasks_of_lost_instances_are_replaced(ecs):
    create(ecs, 3)
    wait_stable(ecs)
    first = tasks_of(ecs)[0]
    ecs.stop_task(task=first["taskArn"])
    wait_until(lambda: len(tasks_of(ecs, status="STOPPED")) == 1)
    wait_stable(ecs)
    assert first["taskArn"] not in [task["taskArn"] for task in tasks_of(ecs)]

    gone = tasks_of(ecs)[0]["containerInstanceArn"]
    ecs.deregister_container_instance(containerInstance=gone, force=True)
    wait_until(lambda: len(tasks_of(ecs)) == 3 and
               gone not in [task["containerInstanceArn"] for task in tasks_of(ecs)])


def test_a_draining_instance_loses_its_tasks(ecs):
    create(ecs, 3)
    wait_stable(ecs)
    instance = tasks_of(ecs)[0]["containerInstanceArn"]
    ecs.update_container_instances_state(containerInstances=[instance], status="DRAINING")
    wait_until(lambda: ecs.describe_container_instances(containerInstances=[instance])
               ["containerInstances"][0]["runningTasksCount"] == 0)
    assert wait_stable(ecs)["runningCount"] == 3


def test_what_does_not_fit_is_told_and_placed_when_there_is_room(ecs):
    register(ecs, "large", cpu=4096)
    ecs.create_service(serviceName="large", taskDefinition="large", desiredCount=4)
    wait_until(lambda: any("The closest matching (container-instance " in each and
                           "has insufficient CPU units available." in each
                           for each in messages(ecs, "large")))
    assert service_of(ecs, "large")["runningCount"] <= 3
    ecs.register_container_instance(totalResources=RESOURCES)
    assert wait_stable(ecs, "large")["runningCount"] == 4

    ecs.create_cluster(clusterName="empty")
    ecs.create_service(cluster="empty", serviceName="web", taskDefinition="web", desiredCount=1)
    wait_until(lambda: "Reason: No Container Instances were found in your cluster." in
               ecs.describe_services(cluster="empty", services=["web"])
               ["services"][0]["events"][0]["message"])


def test_a_daemon_service_has_a_task_on_every_host(ecs):
    ecs.create_service(serviceName="web", taskDefinition="web", schedulingStrategy="DAEMON")
    # Until the scheduler has counted the hosts none are wanted.
    wait_until(lambda: service_of(ecs)["runningCount"] == 3)
    assert service_of(ecs)["desiredCount"] == 3
    assert len({task["containerInstanceArn"] for task in tasks_of(ecs)}) == 3

    new = ecs.register_container_instance(totalResources=RESOURCES)["containerInstance"]
    wait_until(lambda: service_of(ecs)["runningCount"] == 4)
    register(ecs, cpu=128)
    ecs.update_service(service="web", taskDefinition="web")
    wait_stable(ecs)
    assert len({task["containerInstanceArn"] for task in tasks_of(ecs)}) == 4
    assert {task["taskDefinitionArn"].rpartition("/")[2] for task in tasks_of(ecs)} == {"web:2"}

    # A drained host keeps it until all others have gone.
    other = ecs.start_task(taskDefinition="web",
                           containerInstances=[new["containerInstanceArn"]])["tasks"][0]
    ecs.update_container_instances_state(containerInstances=[new["containerInstanceArn"]],
                                         status="DRAINING")
    wait_until(lambda: service_of(ecs)["desiredCount"] == 3)
    assert len(tasks_of(ecs)) == 4
    ecs.stop_task(task=other["taskArn"])
    wait_until(lambda: len(tasks_of(ecs)) == 3)
    assert "scaled" not in str(ecs.delete_service(service="web"))


def test_a_service_is_deleted(ecs):
    create(ecs, 2)
    wait_stable(ecs)
    assert error_of(ecs.delete_service, service="web")["Message"] == (
        "The service cannot be stopped while it is scaled above 0.")
    assert error_of(ecs.delete_cluster, cluster="default")["Code"] in (
        "ClusterContainsContainerInstancesException", "ClusterContainsServicesException")
    assert ecs.delete_service(service="web", force=True)["service"]["status"] == "DRAINING"
    assert ecs.list_services()["serviceArns"] == []
    ecs.get_waiter("services_inactive").wait(
        services=["web"], WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
    assert tasks_of(ecs) == []
    assert error_of(ecs.update_service, service="web",
                    desiredCount=1)["Code"] == "ServiceNotActiveException"
    assert error_of(ecs.delete_service, service="web")["Code"] == "ServiceNotFoundException"
    assert create(ecs, 1)["status"] == "ACTIVE"
    assert wait_stable(ecs)["runningCount"] == 1


def test_creating_a_service_again_is_the_same_or_refused(ecs):
    first = create(ecs, 1, clientToken="t")
    again = create(ecs, 1, clientToken="t")
    assert first["deployments"][0]["id"] == again["deployments"][0]["id"]
    assert error_of(ecs.create_service, serviceName="web", taskDefinition="web",
                    desiredCount=2)["Message"] == "Creation of service was not idempotent."


@pytest.mark.parametrize("options, part", [
    ({"serviceName": "a b"}, "Invalid service name"),
    ({"desiredCount": -1}, "desiredCount must be between"),
    ({"desiredCount": 6000}, "desiredCount must be between"),
    ({"taskDefinition": "none"}, "TaskDefinition not found."),
    ({"cluster": "none"}, "Cluster not found."),
    ({"schedulingStrategy": "DAEMON"}, "does not support a desired count"),
    ({"schedulingStrategy": "EVERY"}, "Invalid schedulingStrategy"),
    ({"deploymentController": {"type": "CODE_DEPLOY"}}, "CODE_DEPLOY is not supported"),
    ({"loadBalancers": [{"targetGroupArn": "arn:x", "containerName": "web",
                         "containerPort": 80}]}, "arn:x does not exist"),
    ({"deploymentConfiguration": {"minimumHealthyPercent": 101}}, "minimumHealthyPercent"),
    ({"deploymentConfiguration": {"maximumPercent": 99}}, "maximumPercent"),
    ({"deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 100}},
     "this will block deployments"),
    ({"placementStrategy": [{"type": "pile"}]}, "pile"),
    ({"placementConstraints": [{"type": "memberOf", "expression": "("}]}, ""),
    ({"propagateTags": "ALL"}, "propagateTags"),
    ({"tags": [{"key": "aws:x", "value": ""}]}, ""),
])
def test_what_is_no_service_is_refused(ecs, options, part):
    good = {"serviceName": "web", "taskDefinition": "web", "desiredCount": 1}
    error = error_of(ecs.create_service, **{**good, **options})
    assert part in error["Message"]
    assert ecs.list_services()["serviceArns"] == []


@pytest.mark.parametrize("members", [
    {"loadBalancers": 5}, {"loadBalancers": "abc"}, {"loadBalancers": {"a": 1}},
    {"loadBalancers": [{"targetGroupArn": 1}]}, {"loadBalancers": [None]},
    {"deploymentController": {"type": None}}, {"deploymentController": []},
    {"serviceConnectConfiguration": {"enabled": None}},
    {"deploymentConfiguration": {"strategy": "BLUE_GREEN"}},
    {"deploymentConfiguration": {"alarms": {"enable": True}}},
    {"deploymentConfiguration": {"alarms": 7, "lifecycleHooks": "x"}},
])
def test_members_of_any_kind_are_answered(manager, members):
    manager.raw("CreateCluster", {})
    manager.raw("RegisterTaskDefinition", {"family": "web", "containerDefinitions": [CONTAINER]})
    for action, name in (("CreateService", "serviceName"), ("UpdateService", "service")):
        status, _, _ = manager.raw(action, {name: "odd", "taskDefinition": "web",
                                            "desiredCount": 0, **members})
        assert status in (200, 400)
    manager.raw("DeleteService", {"service": "odd"})


def test_a_changed_percentage_leaves_the_breaker(ecs):
    create(ecs, 0, deploymentConfiguration={
        "deploymentCircuitBreaker": {"enable": True, "rollback": True}})
    ecs.update_service(service="web", deploymentConfiguration={"maximumPercent": 150})
    limits = service_of(ecs)["deploymentConfiguration"]
    assert limits["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert limits["maximumPercent"] == 150


def test_a_large_service_keeps_nobody_waiting(ecs):
    """Neither another service behind it nor a client."""
    register(ecs, "small", cpu=1, memory=6)
    ecs.create_service(serviceName="a", taskDefinition="small", desiredCount=1000)
    wait_stable(ecs, "a")
    ecs.update_service(service="a", forceNewDeployment=True)
    ecs.create_service(serviceName="z", taskDefinition="small", desiredCount=1)
    wait_until(lambda: service_of(ecs, "z")["runningCount"] == 1)
    wait_until(lambda: len(service_of(ecs, "a")["deployments"]) == 1, timeout_s=120)
    arns = [arn for page in ecs.get_paginator("list_tasks").paginate(serviceName="a")
            for arn in page["taskArns"]]
    last = max(task["startedAt"] for at in range(0, len(arns), 100)
               for task in ecs.describe_tasks(tasks=arns[at:at + 100])["tasks"])
    assert tasks_of(ecs, "z")[0]["startedAt"] < last
    ecs.delete_service(service="a", force=True)


def test_tasks_on_their_way_to_an_instance_that_goes_are_replaced(ecs):
    register(ecs, "small", cpu=1, memory=6)
    ecs.create_service(serviceName="small", taskDefinition="small", desiredCount=0)
    for _ in range(3):
        ecs.update_service(service="small", desiredCount=0)
        gone = ecs.list_container_instances()["containerInstanceArns"]
        ecs.update_service(service="small", desiredCount=300)
        for arn in gone:
            ecs.deregister_container_instance(containerInstance=arn, force=True)
        for _ in range(2):
            ecs.register_container_instance(totalResources=RESOURCES)
        wait_until(lambda: service_of(ecs, "small")["runningCount"] == 300, timeout_s=110)


def test_services_are_listed_described_and_tagged(ecs):
    for name in ("b", "a", "c"):
        create(ecs, 0, name)
    arns = ecs.list_services(maxResults=2)
    assert [arn.rpartition("/")[2] for arn in arns["serviceArns"]] == ["a", "b"]
    rest = ecs.list_services(maxResults=2, nextToken=arns["nextToken"])
    assert [arn.rpartition("/")[2] for arn in rest["serviceArns"]] == ["c"]
    arn = arns["serviceArns"][0]
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "k", "value": "v"}])
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "k", "value": "v"}]
    described = ecs.describe_services(services=[arn, "none"])
    assert described["services"][0]["serviceArn"] == arn
    assert described["failures"][0]["reason"] == "MISSING"


def test_protected_tasks_stay_until_they_are_released(ecs):
    create(ecs, 3)
    wait_stable(ecs, "web")

    def arns_of_tasks():
        return {each["taskArn"] for each in tasks_of(ecs)}

    arns = sorted(arns_of_tasks())
    answer = ecs.update_task_protection(cluster="default", tasks=arns[:2], protectionEnabled=True)
    assert answer["failures"] == []
    assert {each["taskArn"] for each in answer["protectedTasks"]} == set(arns[:2])
    left = answer["protectedTasks"][0]["expirationDate"].timestamp() - time.time()
    assert 110 * 60 < left <= 120 * 60
    ecs.update_service(service="web", desiredCount=1)
    wait_until(lambda: any("1 tasks under protection" in text for text in messages(ecs)),
               timeout_s=60)
    assert arns_of_tasks() == set(arns[:2])
    shown = ecs.get_task_protection(cluster="default", tasks=arns)
    assert [each["protectionEnabled"] for each in shown["protectedTasks"]] == [True, True]
    assert [each["reason"] for each in shown["failures"]] == ["TASK_NOT_VALID"]
    ecs.update_task_protection(cluster="default", tasks=arns[:1], protectionEnabled=False)
    wait_until(lambda: arns_of_tasks() == {arns[1]}, timeout_s=60)
    # Who deletes the service means it.
    ecs.delete_service(service="web", force=True)
    wait_until(lambda: not arns_of_tasks(), timeout_s=60)


def test_what_cannot_be_protected_is_told(ecs):
    alone = ecs.run_task(taskDefinition="web")["tasks"][0]["taskArn"]
    answer = ecs.update_task_protection(cluster="default", tasks=[alone, "f" * 32],
                                        protectionEnabled=True)
    assert answer["protectedTasks"] == []
    assert [each["reason"] for each in answer["failures"]] == ["TASK_NOT_VALID", "MISSING"]
    for wrong in ({"tasks": []}, {"tasks": ["a"] * 11}, {"tasks": ["a"], "expiresInMinutes": 0},
                  {"tasks": ["a"], "expiresInMinutes": 2881}):
        error = error_of(ecs.update_task_protection, cluster="default", protectionEnabled=True,
                         **wrong)
        assert error["Code"] == "InvalidParameterException"
