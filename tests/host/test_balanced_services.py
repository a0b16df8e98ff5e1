"""Services behind a load balancer, on a real host with a real HAProxy: no request is dropped."""

import concurrent.futures
import os
import re
import signal
import time

import pytest

import task_host
from agent_probe import container_of
from load import Load
from service_probe import messages, tasks_of, wait_stable
from task_host import REGION, fetch, sh, wait_until

# Ends as a server should: what it has begun it ends.
WEB = "hostname > /tmp/index.html; exec httpd -f -p 80 -h /tmp"
HEALTH = {"HealthCheckPath": "/", "HealthCheckIntervalSeconds": 1, "HealthCheckTimeoutSeconds": 1,
          "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2}


@pytest.fixture(scope="module")
def host(tmp_path_factory, shared_ikada):
    server = task_host.start_host(tmp_path_factory.mktemp("balanced"), shared_ikada,
                                  cluster={"healthy_after_seconds": 0})
    yield server
    end_proxy(server)
    server.close()


def end_proxy(server):
    """HAProxy outlives the daemon; without balancers it ends."""
    elb = server.balancers(region=REGION)
    for each in elb.describe_load_balancers()["LoadBalancers"]:
        elb.delete_load_balancer(LoadBalancerArn=each["LoadBalancerArn"])
    pid = server.run_root / "proxy" / "haproxy.pid"
    wait_until(lambda: not pid.exists() or task_host.has_ended(int(pid.read_text() or 0)))


@pytest.fixture
def ecs(host):
    return host.client(region=REGION)


class Balanced:
    """A service `name` behind a balancer of its own on `port`."""

    def __init__(self, host, image, name, port, count, script=WEB, delay=2, **options):
        self.host, self.name, self.port = host, name, port
        self.ecs = host.client(region=REGION)
        # One second between checks is less than AWS's clients let through.
        self.elb = host.balancers(region=REGION, parameter_validation=False)
        self.definition = dict(family=name, containerDefinitions=[
            sh(image, script, "web", portMappings=[{"containerPort": 80}], stopTimeout=1,
               **options.pop("container", {}))])
        self.ecs.register_task_definition(**self.definition)
        balancer = self.elb.create_load_balancer(Name=name)["LoadBalancers"][0]
        self.group = self.elb.create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId="vpc-1",
            **HEALTH)["TargetGroups"][0]["TargetGroupArn"]
        self.elb.modify_target_group_attributes(TargetGroupArn=self.group, Attributes=[
            {"Key": "deregistration_delay.timeout_seconds", "Value": str(delay)}])
        self.elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.group}])
        self.ecs.create_service(
            serviceName=name, taskDefinition=name, desiredCount=count,
            loadBalancers=[{"targetGroupArn": self.group, "containerName": "web",
                            "containerPort": 80}], **options)

    def health(self):
        described = self.elb.describe_target_health(TargetGroupArn=self.group)
        return [each["TargetHealth"]["State"] for each in described["TargetHealthDescriptions"]]

    def wait(self, count):
        wait_until(lambda: self.health() == ["healthy"] * count, self.host, timeout_s=120)
        return wait_stable(self.ecs, self.name)

    def scale(self, count):
        self.ecs.update_service(service=self.name, desiredCount=count)

    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def remove(self):
        self.ecs.delete_service(service=self.name, force=True)
        self.ecs.get_waiter("services_inactive").wait(
            services=[self.name], WaiterConfig={"Delay": 0.2, "MaxAttempts": 600})


@pytest.mark.timeout(300)
def test_from_one_to_seven_and_a_rollout_without_a_dropped_request(host, busybox_image):
    web = Balanced(host, busybox_image, "grow", 8081, count=1)
    web.wait(1)
    with Load(8081) as load:
        web.scale(7)
        web.wait(7)
        wait_until(lambda: len(load.bodies) == 7, host)
        web.ecs.register_task_definition(**web.definition)
        web.ecs.update_service(service="grow", taskDefinition="grow")
        service = wait_stable(web.ecs, "grow")
        wait_until(lambda: len(load.bodies) == 14, host)
        web.scale(2)
        web.wait(2)
    assert service["taskDefinition"].endswith(":2")
    assert load.requests > 500
    assert load.failures == []
    told = messages(web.ecs, "grow")
    assert any("registered" in each and "target" in each for each in told)
    assert any("has begun draining connections on" in each for each in told)
    web.remove()


@pytest.mark.timeout(240)
def test_a_killed_target_is_replaced_and_hardly_noticed(host, busybox_image, shared_ikada):
    web = Balanced(host, busybox_image, "killed", 8082, count=3)
    web.wait(3)
    with Load(8082, connections=2, rate=100) as load:
        victim = tasks_of(web.ecs, "killed")[0]
        shared_ikada("kill", container_of(victim, "web")["runtimeId"])
        wait_until(lambda: len(tasks_of(web.ecs, "killed", "STOPPED")) == 1, host)
        web.wait(3)
    # Only what was on its way to it.
    assert len(load.failures) <= 2
    web.remove()


@pytest.mark.timeout(240)
def test_requests_that_are_under_way_end_before_a_task_does(host, busybox_image, shared_ikada):
    """A slow answer goes on while its task is drained; then the task ends at once."""
    slow = ("mkdir -p /tmp/cgi-bin; hostname > /tmp/index.html; "
            "printf '#!/bin/sh\\ntouch /tmp/begun; until test -e /tmp/go; do sleep 0.1; done\\n"
            "echo; echo done\\n' > /tmp/cgi-bin/slow; "
            "chmod +x /tmp/cgi-bin/slow; exec httpd -f -p 80 -h /tmp")
    web = Balanced(host, busybox_image, "slow", 8083, count=1, script=slow, delay=300)
    web.wait(1)
    task, = tasks_of(web.ecs, "slow")
    container = container_of(task, "web")["runtimeId"]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(fetch, web.url() + "cgi-bin/slow")
        wait_until(lambda: shared_ikada("exec", container, "test", "-e", "/tmp/begun"), host)
        web.ecs.stop_task(task=task["taskArn"])
        wait_until(lambda: "draining" in web.health(), host)
        time.sleep(1)
        assert task_host.task_of(web.ecs, task["taskArn"])["lastStatus"] != "STOPPED"
        assert not answer.done()
        shared_ikada("exec", container, "touch", "/tmp/go")
        assert answer.result() == b"done\n"
    released = time.monotonic()
    wait_until(lambda: task_host.task_of(web.ecs, task["taskArn"])["lastStatus"] == "STOPPED", host)
    assert time.monotonic() - released < 50
    web.wait(1)
    web.remove()


@pytest.mark.timeout(240)
def test_force_stops_a_target_at_once(host, busybox_image, shared_ikada):
    web = Balanced(host, busybox_image, "forced", 8084, count=1, delay=300)
    web.wait(1)
    with Load(8084, connections=1, rate=50):
        task, = tasks_of(web.ecs, "forced")
        shared_ikada("task", "stop", "--force", task["taskArn"].rsplit("/", 1)[1])
        wait_until(lambda: tasks_of(web.ecs, "forced", "STOPPED"), host)
    web.remove()


@pytest.mark.timeout(240)
def test_an_unhealthy_target_is_replaced(host, busybox_image):
    script = WEB.replace("hostname", "(sleep 4; rm /tmp/index.html) & hostname")
    web = Balanced(host, busybox_image, "sick", 8085, count=1, script=script)
    wait_until(lambda: tasks_of(web.ecs, "sick", "STOPPED"), host, timeout_s=120)
    stopped = tasks_of(web.ecs, "sick", "STOPPED")[0]
    assert stopped["stoppedReason"] == \
        f"Task failed ELB health checks in (target-group {web.group})"
    assert any("is unhealthy in (target-group" in each and "Health checks failed" in each
               for each in messages(web.ecs, "sick"))
    web.remove()


@pytest.mark.timeout(240)
def test_a_daemon_that_is_killed_drops_no_request(host, busybox_image):
    web = Balanced(host, busybox_image, "kept", 8086, count=2)
    web.wait(2)
    with Load(8086) as load:
        for number in (signal.SIGKILL, signal.SIGTERM):
            host.restart(number)
            time.sleep(1)
        web.wait(2)
        web.scale(3)
        web.wait(3)
    assert load.failures == [] and load.requests > 300
    web.remove()


@pytest.mark.timeout(240)
def test_haproxy_that_is_killed_is_soon_back(host, busybox_image):
    web = Balanced(host, busybox_image, "again", 8087, count=1)
    web.wait(1)
    pid = int((host.run_root / "proxy" / "haproxy.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    wait_until(lambda: fetch(web.url()), host)
    assert time.monotonic() - killed < 12  # One second on a machine with nothing else to do.
    web.remove()


@pytest.mark.timeout(240)
def test_apply_brings_it_all_about(host, busybox_image, shared_ikada, tmp_path):
    text = f"""
taskDefinitions:
  - family: applied
    containerDefinitions:
      - name: web
        image: {busybox_image}
        command: [sh, -c, "{WEB}"]
        memory: 32
        stopTimeout: 1
        portMappings: [{{containerPort: 80}}]
targetGroups:
  - name: applied
    port: 80
    healthCheckIntervalSeconds: 1
    healthyThresholdCount: 2
    attributes: {{deregistration_delay.timeout_seconds: 1}}
loadBalancers:
  - name: applied
    listeners:
      - port: 8088
        forward: applied
        rules:
          - priority: 10
            conditions: [{{field: path-pattern, values: [/none]}}]
            actions: [{{type: fixed-response, fixedResponseConfig: {{statusCode: 404}}}}]
services:
  - serviceName: applied
    taskDefinition: applied
    desiredCount: 2
    loadBalancers: [{{targetGroup: applied, containerName: web, containerPort: 80}}]
"""
    path = tmp_path / "web.yaml"

    def apply(content, *options, check=True):
        path.write_text(content)
        return shared_ikada("apply", "-f", str(path), *options, check=check)

    shown = apply(text, "--dry-run").stdout
    assert "+ service applied" in shown
    assert host.client(region=REGION).describe_services(services=["applied"])["services"] == []
    shown = apply(text).stdout
    assert "+ load balancer applied, port 8088, rule 10" in shown
    assert fetch("http://127.0.0.1:8088/")
    assert all(line.startswith("=") for line in apply(text).stdout.splitlines())
    changed = text.replace("desiredCount: 2", "desiredCount: 3").replace("memory: 32", "memory: 33")
    shown = apply(changed).stdout
    assert "~ task definition applied:1" in shown and "desiredCount: 2 -> 3" in shown
    assert "taskDefinition: applied:1 -> its new revision" in shown
    moved = apply(changed.replace("port: 8088", f"port: {host.port}"), check=False)
    assert moved.returncode == 1 and fetch("http://127.0.0.1:8088/")
    without_rule = changed[:changed.index("        rules:")] + changed[changed.index("services:"):]
    assert "- load balancer applied, port 8088, rule 10" in apply(without_rule).stdout
    refused = apply(changed.replace("port: 80\n", "port: 81\n"), check=False)
    assert refused.returncode == 1 and "target group applied: port cannot be changed" in \
        refused.stderr
    bad = apply(changed.replace(WEB, "exit 1"), "--no-wait")
    assert "a new revision is registered" in bad.stdout
    ecs = host.client(region=REGION)
    ecs.delete_service(service="applied", force=True)


@pytest.mark.timeout(240)
def test_a_file_is_applied_by_several_at_once(host, busybox_image, shared_ikada, tmp_path):
    ecs = host.client(region=REGION)
    path = tmp_path / "both.yaml"
    for turn in range(3):
        name = f"both{turn}"
        path.write_text(f"""
taskDefinitions:
  - family: {name}
    containerDefinitions:
      - {{name: web, image: {busybox_image}, command: [sh, -c, "{WEB}"], memory: 32,
         stopTimeout: 1, portMappings: [{{containerPort: 80}}]}}
targetGroups: [{{name: {name}, port: 80, healthCheckIntervalSeconds: 1, healthyThresholdCount: 2}}]
loadBalancers:
  - name: {name}
    listeners: [{{port: {8100 + turn}, forward: {name}}}, {{port: {8110 + turn}, forward: {name}}}]
services:
  - serviceName: {name}
    taskDefinition: {name}
    loadBalancers: [{{targetGroup: {name}, containerName: web, containerPort: 80}}]
""")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            applied = list(pool.map(
                lambda _: shared_ikada("apply", "-f", str(path), check=False), range(3)))
        assert [each.returncode for each in applied] == [0, 0, 0], [
            each.stderr for each in applied]
        assert fetch(f"http://127.0.0.1:{8110 + turn}/")
        ecs.delete_service(service=name, force=True)


@pytest.mark.timeout(240)
def test_apply_waits_for_what_took_its_place_if_that_is_the_same(
        host, ecs, busybox_image, shared_ikada, tmp_path):
    path = tmp_path / "replaced.yaml"
    other = ecs.register_task_definition(family="other", containerDefinitions=[
        sh(busybox_image, "sleep 1000", "web", stopTimeout=1)])["taskDefinition"]

    def apply_until_replaced(name, **by):
        # Its tasks are not well before.
        go = tmp_path / name
        go.mkdir()
        path.write_text(f"""
taskDefinitions:
  - family: {name}
    volumes: [{{name: go, host: {{sourcePath: {go}}}}}]
    containerDefinitions:
      - {{name: web, image: {busybox_image}, command: [sleep, "1000"], memory: 16, stopTimeout: 1,
         mountPoints: [{{sourceVolume: go, containerPath: /go}}], healthCheck: {{
           command: [CMD-SHELL, test -e /go/now], interval: 5, retries: 10}}}}
services: [{{serviceName: {name}, taskDefinition: {name}}}]
""")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            applied = pool.submit(shared_ikada, "apply", "-f", str(path), check=False)
            wait_until(lambda: any(each["runningCount"] > 0 for each in ecs.describe_services(
                services=[name])["services"]))
            ecs.update_service(service=name, forceNewDeployment=True, **by)
            (go / "now").touch()
        ecs.delete_service(service=name, force=True)
        return applied.result()

    replaced = apply_until_replaced("same")
    assert replaced.returncode == 0, replaced.stderr
    replaced = apply_until_replaced("another", taskDefinition=other["taskDefinitionArn"])
    assert replaced.returncode == 1, replaced.stderr
    assert re.search(r"^ikada apply: service another: somebody else has deployed ecs-svc/\d+ of "
                     r"other:1 meanwhile, instead of ecs-svc/\d+ of another:1$",
                     replaced.stderr.splitlines()[-1])


@pytest.mark.timeout(120)
def test_a_service_that_cannot_start_says_why(host, shared_ikada, tmp_path):
    path = tmp_path / "missing.yaml"
    path.write_text("""
taskDefinitions:
  - family: missing
    containerDefinitions: [{name: web, image: "127.0.0.1:1/none:1", memory: 16}]
services:
  - serviceName: missing
    taskDefinition: missing
    deploymentConfiguration: {deploymentCircuitBreaker: {enable: true, rollback: true}}
""")

    applied = shared_ikada("apply", "-f", str(path), check=False)

    shown = shared_ikada("service", "show", "--format",
                         "{{(index .deployments 0).lastFailure}}", "missing").stdout
    assert applied.returncode == 1
    last = applied.stderr.splitlines()[-1]
    assert last.startswith("ikada apply: service missing: ECS deployment circuit breaker: tasks "
                           "failed to start. task ")
    assert "CannotPullContainerError" in last and "CannotPullContainerError" in shown
    shared_ikada("service", "rm", "-f", "missing")
