"""Services behind load balancers: their tasks as targets of a real HAProxy.

The tasks run in name only, on a virtual instance whose ports are this host's: a server here
listens on the first of them, and so is what each task would be.
"""

import hashlib
import http.client
import http.server
import pathlib
import signal
import socketserver
import threading
import time

import botocore.exceptions
import pytest

import ecs_server
import programs
from service_probe import messages, service_of, tasks_of, wait_stable
from task_host import wait_until

CONTAINER = {"name": "web", "image": "nginx:1", "cpu": 64, "memory": 64,
             "portMappings": [{"containerPort": 80}]}
RESOURCES = [{"name": "CPU", "type": "INTEGER", "integerValue": 4096},
             {"name": "MEMORY", "type": "INTEGER", "integerValue": 8192}]
FIRST_PORT = 32768  # cluster/api/virtual_tasks.cc
PORTS = range(FIRST_PORT, FIRST_PORT + 12)
LISTENER = 18080


class Page(http.server.BaseHTTPRequestHandler):
    """`/slow` answers when the test says so; a port in `broken` answers 503."""

    broken = set()
    is_asked = threading.Event()  # For /slow.
    may_end = threading.Event()

    def do_GET(self):
        port = self.server.server_address[1]
        if self.path == "/slow":
            Page.is_asked.set()
            Page.may_end.wait(200)
        text = str(port).encode()
        self.send_response(503 if port in Page.broken else 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        try:
            self.wfile.write(text)
        except ConnectionError:
            pass  # A health check has seen enough.

    def log_message(self, *_):
        pass


class Pages(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True


@pytest.fixture(scope="module")
def pages():
    servers = [Pages(("127.0.0.1", port), Page) for port in PORTS]
    for each in servers:
        threading.Thread(target=each.serve_forever, daemon=True).start()
    yield
    for each in servers:
        each.shutdown()
        each.server_close()


class Site:
    """A region with a cluster of one host, a balancer, and the target group `web`."""

    def __init__(self, manager, region, delay_s):
        self.region = region
        self.ecs = manager.client(region=region)
        # A check each second is ikada's own.
        self.elb = manager.balancers(region=region, parameter_validation=False)
        self.ecs.create_cluster()
        self.ecs.register_container_instance(totalResources=RESOURCES)
        self.ecs.register_task_definition(family="web", containerDefinitions=[CONTAINER])
        self.group = self.make_group("web", delay_s)
        self.balancer = self.elb.create_load_balancer(
            Name="site", Subnets=["subnet-a", "subnet-b"])["LoadBalancers"][0]["LoadBalancerArn"]
        self.elb.create_listener(
            LoadBalancerArn=self.balancer, Protocol="HTTP", Port=LISTENER,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.group}])

    def make_group(self, name, delay_s=300, **options):
        arn = self.elb.create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId="vpc-1", HealthCheckIntervalSeconds=1,
            HealthCheckTimeoutSeconds=1, HealthyThresholdCount=2, UnhealthyThresholdCount=4,
            **options)["TargetGroups"][0]["TargetGroupArn"]
        self.elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[
            {"Key": "deregistration_delay.timeout_seconds", "Value": str(delay_s)}])
        return arn

    def balancers(self, group=None, container="web", port=80):
        return [{"targetGroupArn": group or self.group, "containerName": container,
                 "containerPort": port}]

    def create(self, count, name="web", **options):
        return self.ecs.create_service(**{
            "serviceName": name, "taskDefinition": "web", "desiredCount": count,
            "loadBalancers": self.balancers(), **options})["service"]

    def health(self):
        """The states of the group's targets, by their ports."""
        return {each["Target"]["Port"]: each["TargetHealth"]["State"] for each in
                self.elb.describe_target_health(
                    TargetGroupArn=self.group)["TargetHealthDescriptions"]}

    def close(self):
        Page.may_end.set()
        Page.broken.clear()
        services = self.ecs.list_services()["serviceArns"]
        for arn in services:
            self.ecs.delete_service(service=arn, force=True)
        # Without a listener there is nothing to be drained.
        self.elb.delete_load_balancer(LoadBalancerArn=self.balancer)
        wait_until(lambda: not services or all(task["lastStatus"] == "STOPPED" for task in
                                               tasks_of(self.ecs, status="STOPPED")))


def haproxy_of(server):
    """The pid of the server's HAProxy, or None."""
    try:
        pid = int((server.run_root / "proxy" / "haproxy.pid").read_text().split()[0])
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, IndexError, ProcessLookupError):
        return None
    return pid if str(server.run_root) in command else None


@pytest.fixture(scope="module")
def manager(tmp_path_factory, pages):
    started = ecs_server.EcsServer(tmp_path_factory.mktemp("targets"), healthy_after_seconds=0)
    yield started
    wait_until(lambda: haproxy_of(started) is None)  # It runs for listeners only.
    started.close()


@pytest.fixture
def site(manager, request):
    region = "r-" + hashlib.sha1(request.node.name.encode()).hexdigest()
    Page.may_end.clear()
    Page.is_asked.clear()
    made = Site(manager, region, getattr(request, "param", 300))
    yield made
    made.close()


def get(path="/"):
    """The answer's status, and which port it is of."""
    connection = http.client.HTTPConnection("127.0.0.1", LISTENER, timeout=200)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def status_of(site, task):
    return site.ecs.describe_tasks(tasks=[task])["tasks"][0]


def error_of(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]


def test_a_service_s_tasks_answer_behind_the_balancer(site):
    created = site.create(3, healthCheckGracePeriodSeconds=7)
    assert created["loadBalancers"] == site.balancers()
    assert created["healthCheckGracePeriodSeconds"] == 7
    service = wait_stable(site.ecs)
    assert service["loadBalancers"] == site.balancers()
    wait_until(lambda: service_of(site.ecs)["deployments"][0]["rolloutState"] == "COMPLETED")
    site.elb.get_waiter("target_in_service").wait(
        TargetGroupArn=site.group, WaiterConfig={"Delay": 0.2, "MaxAttempts": 300})
    assert set(site.health().values()) == {"healthy"}
    assert {get() for _ in range(12)} == {(200, str(port)) for port in site.health()}
    told = messages(site.ecs)
    assert sum(int(each.split()[3]) for each in told
               if each.endswith(f"targets in (target-group {site.group})")) == 3

    site.ecs.update_service(service="web", desiredCount=1)
    wait_until(lambda: len(site.health()) == 1)
    wait_stable(site.ecs)
    wait_until(lambda: len(tasks_of(site.ecs, status="STOPPED")) == 2 and
               {task["lastStatus"] for task in tasks_of(site.ecs, status="STOPPED")} ==
               {"STOPPED"})
    told = messages(site.ecs)
    assert f"(service web) deregistered 2 targets in (target-group {site.group})" in told
    assert "(service web) has begun draining connections on 2 tasks." in told
    assert any(each.startswith("(service web) has stopped 2 running tasks: (task ") or
               each.startswith("(service web) has stopped 1 running tasks: (task ")
               for each in told)


def test_other_load_balancers_make_a_new_deployment(site):
    site.create(0)
    first = service_of(site.ecs)["deployments"][0]["id"]
    same = site.ecs.update_service(service="web", loadBalancers=site.balancers())["service"]
    assert same["deployments"][0]["id"] == first
    shown = site.ecs.update_service(service="web", loadBalancers=[])["service"]
    assert shown["loadBalancers"] == []
    assert shown["deployments"][0]["id"] != first
    shown = site.ecs.update_service(service="web", loadBalancers=site.balancers("web"))["service"]
    assert shown["loadBalancers"] == site.balancers()


def test_what_a_load_balancer_of_a_service_cannot_be(site):
    own = site.make_group("own", TargetType="ip")
    idle = site.make_group("idle")

    def refused(**part):
        error = error_of(site.create, count=0, loadBalancers=site.balancers(**part))
        assert error["Code"] == "InvalidParameterException"
        return error["Message"]

    assert refused(container="none") == \
        "The container none does not exist in the task definition."
    assert refused(port=81) == "The container web did not have a container port 81 defined."
    assert refused(group="arn:x") == \
        "The target group with targetGroupArn arn:x does not exist."
    assert refused(group=idle) == f"The target group with targetGroupArn {idle} does not have " \
        "an associated load balancer."
    assert refused(group=own).endswith("does not have an associated load balancer.")
    error = error_of(site.create, count=0, loadBalancers=site.balancers() * 6)
    assert error["Message"] == "load balancers can have at most 5 items."


def test_a_task_with_a_request_under_way_leaves_when_it_is_answered(site, manager):
    site.create(1)
    wait_until(lambda: list(site.health().values()) == ["healthy"])
    old = tasks_of(site.ecs)[0]["taskArn"]
    answers = []
    slow = threading.Thread(target=lambda: answers.append(get("/slow")))
    slow.start()
    assert Page.is_asked.wait(60)
    stopping = site.ecs.stop_task(task=old)["task"]
    assert (stopping["lastStatus"], stopping["desiredStatus"]) == ("DEACTIVATING", "STOPPED")
    wait_until(lambda: sorted(site.health().values()) == ["draining", "healthy"])
    # The next requests go to the one that has taken its place; time alone does not end the first.
    port = next(port for port, state in site.health().items() if state == "healthy")
    assert {get() for _ in range(5)} == {(200, str(port))}
    time.sleep(2)
    assert status_of(site, old)["lastStatus"] == "DEACTIVATING"
    manager.restart(signal.SIGKILL)
    assert status_of(site, old)["lastStatus"] == "DEACTIVATING"

    Page.may_end.set()
    slow.join()
    assert answers == [(200, str(FIRST_PORT))]
    wait_until(lambda: status_of(site, old)["lastStatus"] == "STOPPED", timeout_s=60)
    wait_until(lambda: list(site.health().values()) == ["healthy"])


@pytest.mark.parametrize("site", [3], indirect=True)
def test_a_drain_ends_with_its_time(site):
    site.create(1)
    wait_until(lambda: list(site.health().values()) == ["healthy"])
    old = tasks_of(site.ecs)[0]["taskArn"]
    slow = threading.Thread(target=lambda: get("/slow"))
    slow.start()
    assert Page.is_asked.wait(60)
    began = time.monotonic()
    site.ecs.stop_task(task=old)
    wait_until(lambda: status_of(site, old)["lastStatus"] == "STOPPED", timeout_s=60)
    assert 2.5 < time.monotonic() - began
    Page.may_end.set()
    slow.join()


def test_force_waits_for_nobody(site, manager):
    site.create(1)
    wait_until(lambda: list(site.health().values()) == ["healthy"])
    old = tasks_of(site.ecs)[0]["taskArn"]
    slow = threading.Thread(target=lambda: get("/slow"))
    slow.start()
    assert Page.is_asked.wait(60)
    site.ecs.stop_task(task=old)
    time.sleep(1.5)
    assert status_of(site, old)["lastStatus"] == "DEACTIVATING"
    scope = f"AKIDEXAMPLE/20260101/{site.region}/ecs/aws4_request"
    status, _, _ = manager.raw("StopTask", {"task": old, "force": True}, headers={
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"})
    assert status == 200
    wait_until(lambda: status_of(site, old)["lastStatus"] == "STOPPED", timeout_s=60)
    Page.may_end.set()
    slow.join()


def test_an_unhealthy_target_is_replaced(site):
    Page.broken.add(FIRST_PORT)
    site.create(1, healthCheckGracePeriodSeconds=4)
    wait_until(lambda: list(site.health().values()) == ["unhealthy"])
    bad = tasks_of(site.ecs)[0]
    assert site.elb.describe_target_health(
        TargetGroupArn=site.group)["TargetHealthDescriptions"][0]["TargetHealth"]["Reason"] == \
        "Target.ResponseCodeMismatch"
    wait_until(lambda: status_of(site, bad["taskArn"])["lastStatus"] == "STOPPED", timeout_s=60)
    stopped = status_of(site, bad["taskArn"])
    assert stopped["stoppedReason"] == \
        f"Task failed ELB health checks in (target-group {site.group})"
    assert (stopped["stoppedAt"] - bad["startedAt"]).total_seconds() >= 4
    task = bad["taskArn"].rpartition("/")[2]
    assert f"(service web) (task {task}) (port {FIRST_PORT}) is unhealthy in (target-group " \
        f"{site.group}) due to (reason Health checks failed with these codes: [503])." \
        in messages(site.ecs)
    assert any("Amazon ECS replaced 1 tasks due to an unhealthy status." in each
               for each in messages(site.ecs))


def test_a_rolling_update_loses_no_request(site):
    site.create(3)
    wait_until(lambda: sorted(site.health().values()) == ["healthy"] * 3)
    failed, is_over = [], threading.Event()

    def ask():
        while not is_over.is_set():
            try:
                if get()[0] != 200:
                    failed.append("503")
            except OSError as error:
                failed.append(str(error))
            time.sleep(0.01)

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for each in asking:
        each.start()
    try:
        site.ecs.update_service(service="web", forceNewDeployment=True)
        wait_until(lambda: len(service_of(site.ecs)["deployments"]) == 1, timeout_s=110)
    finally:
        is_over.set()
        for each in asking:
            each.join()
    assert failed == []
    assert service_of(site.ecs)["runningCount"] == 3


def test_a_service_command_names_group_container_and_port(manager):
    site = Site(manager, "us-east-1", 60)  # The command's.
    try:
        run = [programs.IKADA, "--run-root", manager.run_root, "--root", manager.state_root]
        programs.run(*run, "service", "create", "-w", "-n", "2", "--load-balancer", "web:web:80",
                     "web", "web")
        assert service_of(site.ecs)["loadBalancers"] == site.balancers()
        assert sorted(site.health().values()) == ["healthy"] * 2
        programs.run(*run, "service", "update", "--load-balancer", "none", "web")
        assert service_of(site.ecs)["loadBalancers"] == []
        programs.run(*run, "service", "update", "--load-balancer", f"{site.group}:web:80", "web")
        assert service_of(site.ecs)["loadBalancers"] == site.balancers()
        for wrong in ("web", "web:80", ":web:80", "web:web:none", "web:web:70000"):
            result = programs.run(*run, "service", "update", "--load-balancer", wrong, "web",
                                  check=False)
            assert result.returncode == 1
            assert "--load-balancer: " in result.stderr
        wait_until(lambda: len(service_of(site.ecs)["deployments"]) == 1, timeout_s=110)
        task = tasks_of(site.ecs)[0]["taskArn"]
        programs.run(*run, "task", "stop", "-f", "-w", task)
        assert status_of(site, task)["lastStatus"] == "STOPPED"
    finally:
        site.close()
