"""When `ikada apply` is content: not before requests arrive, nor when somebody has undone it."""

import concurrent.futures

import pytest

import task_host
from task_host import REGION, fetch, wait_until

# Each answer takes a while, and so does each health check.
SLOW = ("mkdir -p /tmp/cgi-bin; printf '#!/bin/sh\\nsleep 1\\necho; echo here\\n' > "
        "/tmp/cgi-bin/slow; chmod +x /tmp/cgi-bin/slow; exec httpd -f -p 80 -h /tmp")


@pytest.fixture(scope="module")
def host(tmp_path_factory, shared_ikada):
    server = task_host.start_host(tmp_path_factory.mktemp("applied"), shared_ikada,
                                  cluster={"healthy_after_seconds": 0})
    yield server
    server.close()


@pytest.fixture
def elb(host):
    return host.balancers(region=REGION)


def file_of(name, port, container, group="", volumes="[]"):
    return f"""
taskDefinitions:
  - family: {name}
    volumes: {volumes}
    containerDefinitions:
      - {{name: web, memory: 32, stopTimeout: 1, portMappings: [{{containerPort: 80}}],
         {container}}}
targetGroups: [{{name: {name}, port: 80, healthCheckIntervalSeconds: 5{group}}}]
loadBalancers: [{{name: {name}, listeners: [{{port: {port}, forward: {name}}}]}}]
services:
  - serviceName: {name}
    taskDefinition: {name}
    loadBalancers: [{{targetGroup: {name}, containerName: web, containerPort: 80}}]
"""


@pytest.fixture
def apply(shared_ikada, tmp_path):
    def call(text, check=True):
        path = tmp_path / "applied.yaml"
        path.write_text(text)
        return shared_ikada("apply", "-f", str(path), check=check)
    return call


def listener_of(elb, name):
    balancer, = elb.describe_load_balancers(Names=[name])["LoadBalancers"]
    listener, = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    return listener["ListenerArn"]


@pytest.mark.timeout(240)
def test_a_listener_that_came_back_has_healthy_targets(host, elb, busybox_image, apply):
    text = file_of("back", 8120, f'image: {busybox_image}, command: [sh, -c, "{SLOW}"]',
                   ", healthCheckPath: /cgi-bin/slow, healthCheckTimeoutSeconds: 4")
    apply(text)
    group = elb.describe_target_groups(Names=["back"])["TargetGroups"][0]["TargetGroupArn"]
    for _ in range(2):
        elb.delete_listener(ListenerArn=listener_of(elb, "back"))
        # Nothing else is to be done: the service has been stable all the time.
        applied = apply(text)
        states = [each["TargetHealth"]["State"] for each in elb.describe_target_health(
            TargetGroupArn=group)["TargetHealthDescriptions"]]
        assert "= service back" in applied.stdout
        assert states == ["healthy"]
        assert "target group back: 0 of 1 targets are healthy" in applied.stderr
        assert fetch("http://127.0.0.1:8120/cgi-bin/slow") == b"here\n"
    host.client(region=REGION).delete_service(service="back", force=True)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("what", ["listener", "rule"])
def test_what_somebody_undoes_meanwhile_is_told(host, elb, busybox_image, apply, what, tmp_path):
    ecs = host.client(region=REGION)
    # The task is not well before it is undone.
    text = file_of(what, 8121, f"image: {busybox_image}, command: [httpd, -f, -p, '80'], "
                   "mountPoints: [{sourceVolume: go, containerPath: /go}], "
                   "healthCheck: {command: [CMD-SHELL, test -e /go/now], interval: 5, retries: 10}",
                   ", matcher: {httpCode: '200-499'}",
                   f"[{{name: go, host: {{sourcePath: {tmp_path}}}}}]")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        applied = pool.submit(apply, text, check=False)
        wait_until(lambda: any(each["runningCount"] > 0 for each in ecs.describe_services(
            services=[what])["services"]))
        listener = listener_of(elb, what)
        if what == "listener":
            elb.delete_listener(ListenerArn=listener)
        else:
            elb.create_rule(ListenerArn=listener, Priority=7, Actions=[
                {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
                Conditions=[{"Field": "path-pattern", "Values": ["/none"]}])
        (tmp_path / "now").touch()
        done = applied.result()
    told = {"listener": "load balancer listener, port 8121: removed by somebody else meanwhile",
            "rule": "load balancer rule, port 8121, rule 7: made by somebody else meanwhile"}
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[-1] == f"ikada apply: {told[what]}"
    ecs.delete_service(service=what, force=True)
    elb.delete_load_balancer(LoadBalancerArn=elb.describe_load_balancers(
        Names=[what])["LoadBalancers"][0]["LoadBalancerArn"])


def file_of_rules(priorities):
    rules = ", ".join(
        f"{{priority: {each}, conditions: [{{field: path-pattern, values: [/{each}]}}], actions: "
        f"[{{type: fixed-response, fixedResponseConfig: {{statusCode: '200', contentType: "
        f"text/plain, messageBody: '{each}'}}}}]}}" for each in priorities)
    return ("loadBalancers: [{name: many, listeners: [{port: 8122, defaultActions: "
            "[{type: fixed-response, fixedResponseConfig: {statusCode: '404'}}], "
            f"rules: [{rules}]}}]}}]")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kept", [40, 0])
def test_as_many_rules_as_a_listener_may_have_are_exchanged(elb, apply, kept):
    apply(file_of_rules(range(1, 101)))
    wished = [*range(1, kept + 1), *range(201, 301 - kept)]

    applied = apply(file_of_rules(wished))

    assert applied.stdout.count("+ load balancer many, port 8122, rule ") == 100 - kept
    rules = elb.describe_rules(ListenerArn=listener_of(elb, "many"))["Rules"]
    # The default rule is on the next page.
    assert [each["Priority"] for each in rules] == [*map(str, wished)]
    for each in (wished[0], wished[-1]):
        assert fetch(f"http://127.0.0.1:8122/{each}") == str(each).encode()
