"""What tasks ask their agent: metadata, stats, and credentials of their roles."""

import json
import os
import time

import pytest

import cluster_hosts
import programs
import task_host
from task_host import sh, task_of, wait_status

ROLE = "arn:aws:iam::123456789012:role/reader"
WAIT = "sleep 1000"


@pytest.fixture(scope="module")
def host(tmp_path_factory, shared_ikada):
    server = task_host.start_host(
        tmp_path_factory.mktemp("endpoint") / "server", shared_ikada,
        {"task_roles": {"reader": ["ecs:Describe*", "ecs:list*"]}})
    yield server
    server.close()


@pytest.fixture
def ecs(host):
    client = host.client(region=task_host.REGION)
    yield client
    for arn in client.list_tasks()["taskArns"]:
        client.stop_task(task=arn)
    task_host.wait_until(lambda: not any(
        task_of(client, arn)["lastStatus"] != "STOPPED" for arn in
        client.list_tasks(desiredStatus="STOPPED")["taskArns"]))


def inside(ikada, task, name, script, check=True):
    """A script in the task's container."""
    return ikada("exec", runtime_id(task, name), "sh", "-c", script, check=check)


def runtime_id(task, name="app"):
    return next(each for each in task["containers"] if each["name"] == name)["runtimeId"]


def variable(ikada, task, name, container="app"):
    return inside(ikada, task, container, f"echo ${name}").stdout.strip()


def curl(ikada, task, *words, container="app", check=False):
    """curl in the container's network namespace; its image has none."""
    pid = ikada("inspect", "-f", "{{.State.Pid}}", runtime_id(task, container)).stdout.strip()
    return programs.run("nsenter", "-n", "-t", pid, "curl", "-sS", "-f", "-m", "30", *words,
                        check=check)


def ask(ikada, task, name, path):
    url = variable(ikada, task, "ECS_CONTAINER_METADATA_URI_V4", name)
    return json.loads(curl(ikada, task, url + path, container=name, check=True).stdout)


def credentials_url(ikada, task):
    return "http://169.254.170.2" + variable(ikada, task, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")


def test_a_task_protects_itself_from_scale_in(host, ecs, shared_ikada, busybox_image):
    ecs.register_task_definition(family="worker", containerDefinitions=[
        sh(busybox_image, WAIT, stopTimeout=1)])
    ecs.create_service(serviceName="worker", taskDefinition="worker", desiredCount=2)
    arns = task_host.wait_until(lambda: len(ecs.list_tasks(serviceName="worker")["taskArns"]) == 2
                                and ecs.list_tasks(serviceName="worker")["taskArns"], host)
    tasks = [wait_status(ecs, arn, "RUNNING") for arn in arns]
    url = variable(shared_ikada, tasks[0], "ECS_AGENT_URI") + "/task-protection/v1/state"

    def asked(*words):
        return json.loads(curl(shared_ikada, tasks[0], url, *words, check=True).stdout)

    nothing = {"TaskArn": arns[0], "ProtectionEnabled": False, "ExpirationDate": None}
    assert asked() == {"protection": nothing}
    wanted = json.dumps({"ProtectionEnabled": True, "ExpiresInMinutes": 60})
    protection = asked("-X", "PUT", "-d", wanted)["protection"]
    assert protection["ProtectionEnabled"] and protection["ExpirationDate"].endswith("Z")
    assert curl(shared_ikada, tasks[0], url, "-X", "PUT", "-d", "{}").returncode != 0
    assert curl(shared_ikada, tasks[1], url).returncode != 0
    assert ecs.get_task_protection(cluster="default", tasks=[arns[0]])["protectedTasks"][0][
        "protectionEnabled"]

    ecs.update_service(service="worker", desiredCount=1)
    wait_status(ecs, arns[1], "STOPPED")
    assert task_of(ecs, arns[0])["lastStatus"] == "RUNNING"
    assert asked("-X", "PUT", "-d", '{"ProtectionEnabled":false}') == {"protection": nothing}
    ecs.delete_service(service="worker", force=True)


@pytest.mark.parametrize("mode", ["bridge", "awsvpc", "host", "none"])
def test_a_container_reads_itself_and_its_task(ecs, shared_ikada, busybox_image, mode):
    arn = start(ecs, [sh(busybox_image, WAIT), sh(busybox_image, WAIT, name="side", cpu=10)], mode)
    task = wait_status(ecs, arn, "RUNNING")

    own = ask(shared_ikada, task, "app", "")
    whole = ask(shared_ikada, task, "side", "/task")

    assert own["Name"] == "app" and own["KnownStatus"] == "RUNNING"
    assert own["DockerId"] == task["containers"][0]["runtimeId"]
    assert own["Image"] == busybox_image and own["ImageID"].startswith("sha256:")
    assert own["Labels"]["com.amazonaws.ecs.task-arn"] == arn
    assert own["Limits"] == {"CPU": 2, "Memory": 32}
    assert own["ContainerARN"].endswith(task["containers"][0]["containerArn"].split("/")[-1])
    assert own["Networks"][0]["NetworkMode"] == mode
    if mode == "awsvpc":
        details = {each["name"]: each["value"] for each in task["attachments"][0]["details"]}
        assert own["Networks"][0]["IPv4Addresses"] == [details["privateIPv4Address"]]
    if mode == "bridge":
        shown = inside(shared_ikada, task, "app", "ip -4 addr show eth0").stdout
        assert own["Networks"][0]["IPv4Addresses"][0] in shown
    assert whole["TaskARN"] == arn and whole["Cluster"] == "default"
    assert (whole["Family"], whole["Revision"]) == ("t-" + mode, arn_revision(task))
    assert {each["Name"] for each in whole["Containers"]} == {"app", "side"}
    assert whole["AvailabilityZone"] == "rack-7" and whole["LaunchType"] == "EC2"
    assert ask(shared_ikada, task, "app", "/taskWithTags")["TaskTags"] == {"team": "core"}


def start(ecs, containers, mode, **members):
    registered = ecs.register_task_definition(
        family="t-" + mode, networkMode=mode,
        containerDefinitions=[{**each, "stopTimeout": 1} for each in containers], **members
    )["taskDefinition"]
    more = {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
            } if mode == "awsvpc" else {}
    started = ecs.run_task(taskDefinition=registered["taskDefinitionArn"],
                           tags=[{"key": "team", "value": "core"}], **more)
    assert started["failures"] == []
    return started["tasks"][0]["taskArn"]


def arn_revision(task):
    return task["taskDefinitionArn"].split(":")[-1]


def test_stats_are_measured(ecs, shared_ikada, busybox_image):
    arn = start(ecs, [sh(busybox_image, "while true; do :; done"),
                      sh(busybox_image, WAIT, name="idle")], "bridge")
    task = wait_status(ecs, arn, "RUNNING")
    ask(shared_ikada, task, "idle", "/task/stats")
    time.sleep(1)

    both = ask(shared_ikada, task, "idle", "/task/stats")
    own = ask(shared_ikada, task, "idle", "/stats")
    busy, idle = (both[each["runtimeId"]] for each in task["containers"])

    def used(stats):
        return (stats["cpu_stats"]["cpu_usage"]["total_usage"]
                - stats["precpu_stats"]["cpu_usage"]["total_usage"])

    assert used(busy) > 50e6 + used(idle) and used(idle) >= 0
    system = busy["cpu_stats"]["system_cpu_usage"] - busy["precpu_stats"]["system_cpu_usage"]
    assert 0 < used(busy) <= system * 1.2
    assert busy["cpu_stats"]["online_cpus"] == os.cpu_count()
    assert 50_000 < idle["memory_stats"]["usage"] < idle["memory_stats"]["limit"]
    assert idle["pids_stats"]["current"] >= 1
    assert own["id"] == task["containers"][1]["runtimeId"]
    assert own["networks"]["eth0"]["rx_bytes"] >= 0
    assert own["network_rate_stats"]["rx_bytes_per_sec"] >= 0


def test_a_web_server_may_have_port_80_all_the_same(ecs, shared_ikada, busybox_image):
    script = "mkdir -p /www && echo mine > /www/index.html && httpd -f -p 0.0.0.0:80 -h /www"
    arn = start(ecs, [sh(busybox_image, script)], "bridge")
    task = wait_status(ecs, arn, "RUNNING")

    assert ask(shared_ikada, task, "app", "")["Name"] == "app"
    address = ask(shared_ikada, task, "app", "")["Networks"][0]["IPv4Addresses"][0]
    for host in ("127.0.0.1", address):
        task_host.wait_until(lambda url=f"http://{host}/":
                             curl(shared_ikada, task, url).stdout == "mine\n")
    assert programs.run("curl", "-sS", f"http://{address}/").stdout == "mine\n"


def test_a_task_cannot_read_another(ecs, shared_ikada, busybox_image):
    tasks = []
    for mode in ("bridge", "bridge", "awsvpc", "none", "host"):
        arn = start(ecs, [sh(busybox_image, WAIT)], mode, taskRoleArn=ROLE)
        tasks.append(wait_status(ecs, arn, "RUNNING"))
    urls = [variable(shared_ikada, task, "ECS_CONTAINER_METADATA_URI_V4") for task in tasks]
    keys = [credentials_url(shared_ikada, task) for task in tasks]
    assert len(set(urls)) == len(urls) and len(urls[0].split("/")[-1]) == 32
    tried = 0
    for asker in range(len(tasks)):
        for other in range(len(tasks)):
            for url in (urls[other], urls[other] + "/task", keys[other]):
                got = curl(shared_ikada, tasks[asker], url)
                assert (got.returncode == 0) == (asker == other), (asker, other, url, got)
                tried += 1
    assert tried == 75


def test_neighbours_and_proxies_are_not_answered(ecs, shared_ikada, busybox_image):
    arns = [start(ecs, [sh(busybox_image, WAIT)], "bridge") for _ in range(2)]
    first, second = (wait_status(ecs, arn, "RUNNING") for arn in arns)
    url = variable(shared_ikada, first, "ECS_CONTAINER_METADATA_URI_V4")
    address = ask(shared_ikada, first, "app", "")["Networks"][0]["IPv4Addresses"][0]
    pid = shared_ikada("inspect", "-f", "{{.State.Pid}}",
                       second["containers"][0]["runtimeId"]).stdout.strip()

    def from_second(*command):
        return programs.run("nsenter", "-n", "-t", pid, *command, check=False)

    # Sent to the neighbour's interface as if 169.254.170.2 were there.
    from_second("ip", "addr", "del", "169.254.170.2/32", "dev", "lo")
    from_second("ip", "route", "add", "169.254.170.2/32", "via", address)
    assert from_second("curl", "-s", "-m", "2", url).returncode != 0
    port = programs.run("nsenter", "-n", "-t", shared_ikada(
        "inspect", "-f", "{{.State.Pid}}", first["containers"][0]["runtimeId"]).stdout.strip(),
        "ss", "-Hltn").stdout.split()[3].rsplit(":", 1)[1]
    assert from_second("curl", "-s", "-m", "2", f"http://169.254.170.2:{port}/").returncode != 0

    first_pid = shared_ikada("inspect", "-f", "{{.State.Pid}}",
                             first["containers"][0]["runtimeId"]).stdout.strip()

    def status(*options):
        return programs.run("nsenter", "-n", "-t", first_pid, "curl", "-s", "-m", "30", "-o",
                            "/dev/null", "-w", "%{http_code}", *options).stdout

    assert status(url) == "200"
    assert status("-H", "X-Forwarded-For: 10.0.0.1", url) == "403"
    assert status("-H", "Host: metadata.example.com", url) == "403"
    assert status("-X", "POST", "-d", "", url) == "405"
    assert status(url + "/nothing") == "404"
    time.sleep(2)
    many = programs.run(
        "nsenter", "-n", "-t", first_pid, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}\n",
        *[word for _ in range(150) for word in (url, "-o", "/dev/null")]).stdout.split()
    assert "429" in many and many.count("200") >= 55


def test_credentials_of_a_role_are_good_for_what_it_may_and_no_more(
        ecs, host, shared_ikada, busybox_image):
    arn = start(ecs, [sh(busybox_image, WAIT)], "bridge", taskRoleArn=ROLE)
    plain = start(ecs, [sh(busybox_image, WAIT)], "bridge")
    task = wait_status(ecs, arn, "RUNNING")
    granted = json.loads(
        curl(shared_ikada, task, credentials_url(shared_ikada, task), check=True).stdout)

    assert granted["RoleArn"] == ROLE and granted["AccessKeyId"].startswith("ASIA")
    left = time.mktime(time.strptime(granted["Expiration"], "%Y-%m-%dT%H:%M:%SZ")) - time.mktime(
        time.gmtime())
    assert 3000 < left <= 3600
    assert aws(host, granted, "list-tasks").returncode == 0
    refused = aws(host, granted, "stop-task", "--task", arn)
    assert "AccessDeniedException" in refused.stderr
    assert "assumed-role/reader/" + arn.split("/")[-1] in refused.stderr
    changed = {**granted, "Token": granted["Token"][:-8] + "AAAAAAA="}
    assert "UnrecognizedClientException" in aws(host, changed, "list-tasks").stderr
    # After a restart of everything they are still good, and the endpoint answers again.
    host.restart(9)
    assert aws(host, granted, "list-tasks").returncode == 0
    task_host.wait_until(
        lambda: ask(shared_ikada, task, "app", "/task")["KnownStatus"] == "RUNNING")
    task = wait_status(ecs, plain, "RUNNING")
    none = inside(shared_ikada, task, "app", "env | grep RELATIVE_URI", check=False)
    assert none.stdout == ""
    names = [json.loads(line) for line in (
        host.state_root / "audit" / "log").read_text().splitlines()]
    reads = [each for each in names if each["eventName"] == "GetTaskCredentials"]
    assert reads[-1]["resources"] == [{"ARN": arn}, {"ARN": ROLE}]
    assert granted["SecretAccessKey"] not in (host.state_root / "audit" / "log").read_text()
    sessions = [each for each in names if each["userIdentity"]["type"] == "AssumedRole"]
    assert {each.get("errorCode") for each in sessions} == {None, "AccessDeniedException"}


def aws(host, granted, *words):
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(host.root), "AWS_PAGER": "",
                   "AWS_ACCESS_KEY_ID": granted["AccessKeyId"],
                   "AWS_SECRET_ACCESS_KEY": granted["SecretAccessKey"],
                   "AWS_SESSION_TOKEN": granted["Token"], "AWS_EC2_METADATA_DISABLED": "true"}
    return programs.run("/usr/bin/aws", "--endpoint-url", host.signed_endpoint, "--region",
                        task_host.REGION, "ecs", *words, env=environment, check=False)


def test_a_worker_has_credentials_from_the_manager(tmp_path, shared_ikada, busybox_image):
    archive = tmp_path / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    cluster = cluster_hosts.Cluster(tmp_path / "hosts", 2, archive, [{"run_tasks": False}])
    try:
        cluster.init()
        worker = cluster.hosts[1]
        cluster.join(worker)
        cluster_hosts.wait_until(lambda: cluster_hosts.instances(cluster) == 1, cluster=cluster)
        cluster.manager.api("RegisterTaskDefinition", family="role", taskRoleArn=ROLE,
                            containerDefinitions=[{"name": "app", "image": busybox_image,
                                                   "memory": 16, "stopTimeout": 1,
                                                   "command": ["sleep", "1000"]}])
        arn = cluster.manager.api("RunTask", taskDefinition="role")["tasks"][0]["taskArn"]
        task = cluster_hosts.wait_tasks(cluster, [arn], "RUNNING")[0]
        granted = json.loads(
            curl(worker, task, credentials_url(worker, task), check=True).stdout)

        assert granted["RoleArn"] == ROLE and len(granted["Token"]) > 100
        cluster.manager.api("StopTask", task=arn)
        cluster_hosts.wait_tasks(cluster, [arn], "STOPPED")
    finally:
        cluster.close()
