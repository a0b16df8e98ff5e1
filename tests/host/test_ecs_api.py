"""The ECS API of a manager, through boto3 and awscli; every answer is held against ECS's model."""

import json
import signal
import socket
import stat
import threading

import boto3
import botocore.exceptions
import pytest

import ecs_server

DEFINITION = {"name": "web", "image": "nginx:1", "cpu": 256, "memory": 256, "essential": True,
              "portMappings": [{"containerPort": 80}]}
RESOURCES = [{"name": "CPU", "type": "INTEGER", "integerValue": 4096},
             {"name": "MEMORY", "type": "INTEGER", "integerValue": 8192},
             {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22"]}]


@pytest.fixture(scope="module")
def manager(tmp_path_factory):
    started = ecs_server.EcsServer(tmp_path_factory.mktemp("manager"))
    yield started
    started.close()


@pytest.fixture
def ecs(manager, request):
    """A client in a region of the test's own: nothing of other tests is there."""
    return manager.client(region="r-" + request.node.name.replace("_", "-").lower()[:50])


def error_of(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]


def add_instances(ecs, count=1, **options):
    return [ecs.register_container_instance(totalResources=RESOURCES, **options)
            ["containerInstance"]["containerInstanceArn"] for _ in range(count)]


def test_clusters_come_and_go(ecs):
    created = ecs.create_cluster(clusterName="web", tags=[{"key": "team", "value": "a b"}],
                                 settings=[{"name": "containerInsights", "value": "enabled"}])
    arn = created["cluster"]["clusterArn"]

    assert arn == f"arn:aws:ecs:{ecs.meta.region_name}:{ecs_server.ACCOUNT}:cluster/web"
    assert ecs.create_cluster(clusterName="web")["cluster"]["clusterArn"] == arn
    shown = ecs.describe_clusters(clusters=["web", "none"],
                                  include=["TAGS", "SETTINGS", "STATISTICS", "CONFIGURATIONS"])
    assert shown["clusters"][0]["tags"] == [{"key": "team", "value": "a b"}]
    assert shown["failures"][0]["reason"] == "MISSING"
    ecs.update_cluster_settings(cluster=arn, settings=[{"name": "containerInsights",
                                                        "value": "disabled"}])
    assert ecs.delete_cluster(cluster="web")["cluster"]["status"] == "INACTIVE"
    assert ecs.list_clusters()["clusterArns"] == []
    assert error_of(ecs.delete_cluster, cluster="none")["Code"] == "ClusterNotFoundException"


def test_lists_are_paged(ecs):
    names = [f"c{number:02}" for number in range(23)]
    for name in names:
        ecs.create_cluster(clusterName=name)

    pages = list(ecs.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 5}))

    assert [len(page["clusterArns"]) for page in pages] == [5, 5, 5, 5, 3]
    assert [arn.split("/")[1] for page in pages for arn in page["clusterArns"]] == names
    assert error_of(ecs.list_clusters, nextToken="nonsense")["Code"] == "InvalidParameterException"
    assert error_of(ecs.list_clusters, maxResults=101)["Code"] == "InvalidParameterException"


def everything_a_container_can_have():
    return dict(
        DEFINITION, name="all", memoryReservation=64, links=["side:s"], entryPoint=["sh", "-c"],
        command=[], environment=[{"name": "A", "value": "1"}], user="1:1", hostname="h",
        portMappings=[{"containerPort": 80, "hostPort": 8080, "protocol": "tcp", "name": "http",
                       "appProtocol": "http"}],
        mountPoints=[{"sourceVolume": "v", "containerPath": "/v", "readOnly": True}],
        volumesFrom=[{"sourceContainer": "side", "readOnly": True}],
        linuxParameters={"capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]},
                         "devices": [{"hostPath": "/dev/null", "permissions": ["read"]}],
                         "initProcessEnabled": True, "sharedMemorySize": 64,
                         "tmpfs": [{"containerPath": "/t", "size": 1, "mountOptions": ["ro"]}],
                         "maxSwap": 1, "swappiness": 60},
        secrets=[{"name": "S", "valueFrom": "p"}],
        dependsOn=[{"containerName": "side", "condition": "START"}], startTimeout=9, stopTimeout=9,
        workingDirectory="/w", disableNetworking=False, privileged=False,
        readonlyRootFilesystem=True, dnsServers=["10.0.0.1"], dnsSearchDomains=["x"],
        extraHosts=[{"hostname": "h", "ipAddress": "10.0.0.2"}], interactive=True,
        dockerSecurityOptions=["no-new-privileges"], pseudoTerminal=True,
        dockerLabels={"k": "v"}, ulimits=[{"name": "nofile", "softLimit": 1, "hardLimit": 2}],
        logConfiguration={"logDriver": "awslogs", "options": {
            "awslogs-group": "g", "awslogs-region": "r"}},
        healthCheck={"command": ["CMD", "true"], "interval": 5, "timeout": 2, "retries": 1,
                     "startPeriod": 1},
        environmentFiles=[{"value": "arn:aws:s3:::b/x.env", "type": "s3"}],
        systemControls=[{"namespace": "net.core.somaxconn", "value": "1"}],
        resourceRequirements=[{"value": "1", "type": "GPU"}],
        repositoryCredentials={"credentialsParameter": "arn"})


def test_a_task_definition_comes_back_as_it_was_registered(ecs):
    given = {"family": "web", "networkMode": "bridge", "taskRoleArn": "arn:aws:iam::1:role/r",
             "executionRoleArn": "arn:aws:iam::1:role/e", "cpu": "512", "memory": "1024",
             "pidMode": "task", "ipcMode": "task", "requiresCompatibilities": ["EC2"],
             "volumes": [{"name": "v", "host": {"sourcePath": "/v"}}],
             "placementConstraints": [{"type": "memberOf", "expression": "attribute:a == b"}],
             "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
             "containerDefinitions": [everything_a_container_can_have(),
                                      dict(DEFINITION, name="side")]}
    tags = [{"key": "k", "value": "v"}]

    registered = ecs.register_task_definition(**given, tags=tags)
    described = ecs.describe_task_definition(taskDefinition="web:1", include=["TAGS"])

    assert described["taskDefinition"] == registered["taskDefinition"]
    assert described["tags"] == tags == registered["tags"]
    shown = described["taskDefinition"]
    for name in set(given) - {"containerDefinitions"}:
        assert shown[name] == given[name], name
    assert shown["containerDefinitions"][0] == given["containerDefinitions"][0]
    assert shown["containerDefinitions"][1] == dict(
        given["containerDefinitions"][1], environment=[], mountPoints=[], volumesFrom=[],
        systemControls=[],
        portMappings=[{"containerPort": 80, "hostPort": 0, "protocol": "tcp"}])


def test_families_and_revisions(ecs):
    for _ in range(3):
        ecs.register_task_definition(family="web", containerDefinitions=[DEFINITION])
    ecs.register_task_definition(family="db", containerDefinitions=[DEFINITION])
    ecs.deregister_task_definition(taskDefinition="web:3")

    assert ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]["revision"] == 2
    assert ecs.list_task_definition_families()["families"] == ["db", "web"]
    newest = ecs.list_task_definitions(familyPrefix="web", sort="DESC")["taskDefinitionArns"]
    assert [arn.rsplit(":", 1)[1] for arn in newest] == ["2", "1"]
    refused = error_of(ecs.register_task_definition, family="x", containerDefinitions=[])
    assert (refused["Code"], refused["Message"]) == (
        "ClientException", "Container list cannot be empty.")
    assert error_of(ecs.describe_task_definition, taskDefinition="none")["Message"] == (
        "Unable to describe task definition.")


def test_tags_of_everything(ecs):
    ecs.create_cluster()
    instance = add_instances(ecs)[0]
    definition = ecs.register_task_definition(family="web", containerDefinitions=[DEFINITION])
    task = ecs.run_task(taskDefinition="web")["tasks"][0]["taskArn"]
    cluster = ecs.describe_clusters()["clusters"][0]["clusterArn"]
    for arn in (cluster, instance, definition["taskDefinition"]["taskDefinitionArn"], task):
        ecs.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"},
                                                {"key": "b", "value": ""}])
        ecs.untag_resource(resourceArn=arn, tagKeys=["a"])
        assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": ""}]
    assert error_of(ecs.tag_resource, resourceArn="nonsense", tags=[])["Code"] == (
        "InvalidParameterException")


def test_container_instances_and_attributes(ecs):
    ecs.create_cluster()
    document = json.dumps({"instanceId": "i-0123", "availabilityZone": "r1a"})
    first = add_instances(ecs, instanceIdentityDocument=document,
                          attributes=[{"name": "disk", "value": "ssd"}],
                          versionInfo={"agentVersion": "1.0.0"})[0]
    second = add_instances(ecs)[0]

    shown = ecs.describe_container_instances(containerInstances=[first, second, "none"],
                                             include=["TAGS", "CONTAINER_INSTANCE_HEALTH"])
    assert shown["containerInstances"][0]["ec2InstanceId"] == "i-0123"
    assert shown["failures"][0]["reason"] == "MISSING"
    ecs.put_attributes(attributes=[{"name": "rack", "value": "7", "targetId": first}])
    assert ecs.list_attributes(targetType="container-instance",
                               attributeName="rack")["attributes"][0]["targetId"] == first
    listed = ecs.list_container_instances(filter="attribute:rack == 7 and attribute:disk exists")
    assert listed["containerInstanceArns"] == [first]
    ecs.delete_attributes(attributes=[{"name": "rack", "targetId": first}])
    drained = ecs.update_container_instances_state(containerInstances=[first], status="DRAINING")
    assert drained["containerInstances"][0]["status"] == "DRAINING"
    assert ecs.list_container_instances(status="ACTIVE")["containerInstanceArns"] == [second]
    assert error_of(ecs.delete_cluster, cluster="default")["Code"] == (
        "ClusterContainsContainerInstancesException")
    for arn in (first, second):
        ecs.deregister_container_instance(containerInstance=arn)
    assert ecs.delete_cluster(cluster="default")["cluster"]["status"] == "INACTIVE"


def test_tasks_run_until_they_are_stopped(ecs):
    ecs.create_cluster()
    add_instances(ecs, 2)
    ecs.register_task_definition(family="web", containerDefinitions=[DEFINITION])

    run = ecs.run_task(taskDefinition="web", count=4, startedBy="test", tags=[
        {"key": "k", "value": "v"}], placementStrategy=[{"type": "spread", "field": "instanceId"}])
    arns = [task["taskArn"] for task in run["tasks"]]
    assert len(arns) == 4 and run["failures"] == []
    assert {task["lastStatus"] for task in run["tasks"]} == {"PENDING"}
    fast = {"Delay": 0.2, "MaxAttempts": 300}
    ecs.get_waiter("tasks_running").wait(tasks=arns, WaiterConfig=fast)
    tasks = ecs.describe_tasks(tasks=arns, include=["TAGS"])["tasks"]
    assert all("stoppedReason" not in task and "stopCode" not in task for task in tasks)
    hosts = [task["containerInstanceArn"] for task in tasks]
    assert [hosts.count(host) for host in set(hosts)] == [2, 2]
    bound = {(task["containerInstanceArn"], task["containers"][0]["networkBindings"][0]["hostPort"])
             for task in tasks}
    assert len(bound) == 4

    ecs.stop_task(task=arns[0], reason="enough")
    for arn in arns[1:]:
        ecs.stop_task(task=arn.rsplit("/", 1)[1])
    ecs.get_waiter("tasks_stopped").wait(tasks=arns, WaiterConfig=fast)
    stopped = ecs.describe_tasks(tasks=arns)["tasks"]
    assert {task["stopCode"] for task in stopped} == {"UserInitiated"}
    assert [task["stoppedReason"] for task in stopped][:2] == ["enough", "Task stopped by user"]
    assert ecs.list_tasks()["taskArns"] == []
    assert set(ecs.list_tasks(desiredStatus="STOPPED")["taskArns"]) == set(arns)


def test_a_full_cluster_says_why(ecs):
    ecs.create_cluster()
    ecs.register_task_definition(family="big", containerDefinitions=[
        dict(DEFINITION, memory=5000)])
    assert error_of(ecs.run_task, taskDefinition="big")["Message"] == (
        "No Container Instances were found in your cluster.")
    arn = add_instances(ecs)[0]

    run = ecs.run_task(taskDefinition="big", count=2)

    assert len(run["tasks"]) == 1
    assert run["failures"][0]["arn"] == arn
    assert run["failures"][0]["reason"] == "RESOURCE:MEMORY"
    started = ecs.start_task(taskDefinition="big", containerInstances=[arn, "none"])
    assert [each["reason"] for each in started["failures"]] == ["RESOURCE:MEMORY", "MISSING"]


def test_a_client_token_runs_once(ecs):
    ecs.create_cluster()
    add_instances(ecs)
    ecs.register_task_definition(family="web", containerDefinitions=[DEFINITION])
    # Debian's boto3 does not know the member yet, so it is put into the request's body.
    def add_token(params, **_):
        body = json.loads(params["body"])
        params["body"] = json.dumps(dict(body, clientToken="token")).encode()
    ecs.meta.events.register_first("before-call.ecs.RunTask", add_token)

    first = ecs.run_task(taskDefinition="web")["tasks"][0]["taskArn"]

    assert ecs.run_task(taskDefinition="web")["tasks"][0]["taskArn"] == first
    with pytest.raises(AssertionError, match="ConflictException"):
        ecs.run_task(taskDefinition="web", count=2)
    assert len(ecs.list_tasks()["taskArns"]) == 1


def test_many_at_once_neither_lose_nor_double(ecs):
    ecs.create_cluster()
    add_instances(ecs, 4)
    ecs.register_task_definition(family="web", containerDefinitions=[
        dict(DEFINITION, memory=1024)])
    results = []

    def work():
        answer = ecs.run_task(taskDefinition="web", count=3)
        results.append(len(answer["tasks"]))
        ecs.register_task_definition(family="many", containerDefinitions=[DEFINITION])

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 16
    assert sum(results) == 32  # Eight of 1024 MiB on each of four instances.
    hosts = ecs.describe_container_instances(
        containerInstances=ecs.list_container_instances()["containerInstanceArns"])
    for host in hosts["containerInstances"]:
        left = {each["name"]: each["integerValue"] for each in host["remainingResources"]}
        assert left["MEMORY"] == 0
    assert len(ecs.list_task_definitions(familyPrefix="many")["taskDefinitionArns"]) == 16


def test_what_is_acknowledged_survives_a_kill(tmp_path):
    manager = ecs_server.EcsServer(tmp_path / "m")
    try:
        ecs = manager.client()
        ecs.create_cluster(clusterName="web")
        definition = ecs.register_task_definition(
            family="web", containerDefinitions=[DEFINITION])["taskDefinition"]
        manager.restart(signal.SIGKILL)

        assert ecs.describe_clusters(clusters=["web"])["clusters"][0]["status"] == "ACTIVE"
        again = ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]
        assert again == definition
    finally:
        manager.close()


def test_requests_that_are_none(manager):
    status, headers, body = manager.raw("Nonsense", {})
    assert (status, body["__type"]) == (400, "UnknownOperationException")
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert manager.raw(None, {})[2]["__type"] == "UnknownOperationException"
    for text in (b"{", b"[]", b'{"clusterName":"a","clusterName":"b"}', b'{"clusterName":1}',
                 b"[" * 100_000):
        status, _, body = manager.raw("CreateCluster", text)
        assert (status, body["__type"]) == (400, "SerializationException"), text[:40]
    assert manager.raw("DeleteCluster", {})[2] == {
        "__type": "InvalidParameterException", "message": "cluster can not be blank."}
    assert manager.raw("ListClusters", {}, path="/other")[0] == 404
    assert manager.raw("ListClusters", b"", method="GET")[0] == 405


def test_without_a_signature_the_home_region_counts(manager):
    body = manager.raw("CreateCluster", {"clusterName": "home"})[2]
    assert body["cluster"]["clusterArn"] == (
        f"arn:aws:ecs:us-east-1:{ecs_server.ACCOUNT}:cluster/home")


def test_only_root_reaches_the_socket(manager):
    assert stat.S_IMODE(manager.socket.stat().st_mode) == 0o600


def test_the_port_takes_only_what_is_signed_with_the_clusters_key(manager):
    key = json.loads((manager.root / "state" / "cluster" / "access_key.json").read_text())
    def client(secret, region="signed-1"):
        return boto3.client("ecs", region_name=region, endpoint_url=manager.signed_endpoint,
                            aws_access_key_id=key["accessKeyId"], aws_secret_access_key=secret)

    good = client(key["secretAccessKey"])
    assert good.create_cluster(clusterName="s")["cluster"]["clusterArn"].split(":")[3] == "signed-1"
    assert error_of(client("wrong").list_clusters)["Code"] == "InvalidSignatureException"
    with socket.create_connection(("127.0.0.1", manager.port)) as plain:
        plain.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n"
                      b"X-Amz-Target: AmazonEC2ContainerServiceV20141113.ListClusters\r\n\r\n{}")
        answer = b"".join(iter(lambda: plain.recv(65536), b""))
    assert b"MissingAuthenticationToken" in answer


@pytest.mark.timeout(300)
def test_the_aws_command_works(manager):
    region = "aws-cli-1"
    manager.aws("create-cluster", "--cluster-name", "cli", region=region)
    shown = manager.aws("describe-clusters", "--clusters", "cli", region=region)
    assert shown["clusters"][0]["clusterName"] == "cli"
    registered = manager.aws(
        "register-task-definition", "--family", "cli",
        "--container-definitions", json.dumps([DEFINITION]), region=region)
    assert registered["taskDefinition"]["revision"] == 1
    manager.aws("register-container-instance", "--cluster", "cli",
                "--total-resources", json.dumps(RESOURCES), region=region)
    run = manager.aws("run-task", "--cluster", "cli", "--task-definition", "cli", region=region)
    task = run["tasks"][0]["taskArn"]
    stopped = manager.aws("stop-task", "--cluster", "cli", "--task", task, region=region)
    assert stopped["task"]["desiredStatus"] == "STOPPED"
