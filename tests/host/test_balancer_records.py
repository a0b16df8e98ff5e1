"""What balancers tell of their requests: metrics for CloudWatch's clients, access logs."""

import datetime
import re
import time
import urllib.error
import urllib.request

import botocore.exceptions
import pytest

import ecs_server
import programs
from balancer import Target
from task_host import wait_until

REGION = "us-east-1"
TARGET_PORT = 19480

# As AWS's documentation has it for Athena.
LOG_LINE = re.compile(
    r'([^ ]*) ([^ ]*) ([^ ]*) ([^ ]*):([0-9]*) ([^ ]*)[:-]([0-9]*) ([-.0-9]*) ([-.0-9]*) '
    r'([-.0-9]*) (|[-0-9]*) (-|[-0-9]*) ([-0-9]*) ([-0-9]*) "([^ ]*) (.*) (- |[^ ]*)" "([^"]*)" '
    r'([A-Z0-9-_]+) ([A-Za-z0-9.-]*) ([^ ]*) "([^"]*)" "([^"]*)" "([^"]*)" ([-.0-9]*) ([^ ]*) '
    r'"([^"]*)" "([^"]*)" "([^ ]*)" "([^\s]+?)" "([^\s]+)" "([^ ]*)" "([^ ]*)" ?([^ ]*)?')


class Site:
    """A balancer with one target, and a rule that answers itself."""

    def __init__(self, server, name):
        self.name = name
        self.port = ecs_server.free_port()
        self.elb = server.balancers(region=REGION, parameter_validation=False)
        self.arn = self.elb.create_load_balancer(
            Name=name, Subnets=["a", "b"])["LoadBalancers"][0]["LoadBalancerArn"]
        self.group = self.elb.create_target_group(
            Name=name, Protocol="HTTP", Port=TARGET_PORT, VpcId="vpc-1", TargetType="ip",
            HealthCheckPath="/health", HealthCheckIntervalSeconds=1, HealthCheckTimeoutSeconds=1,
            HealthyThresholdCount=1)["TargetGroups"][0]["TargetGroupArn"]
        self.elb.register_targets(TargetGroupArn=self.group,
                                  Targets=[{"Id": "127.0.0.1", "Port": TARGET_PORT}])
        listener = self.elb.create_listener(
            LoadBalancerArn=self.arn, Protocol="HTTP", Port=self.port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.group}])
        self.elb.create_rule(
            ListenerArn=listener["Listeners"][0]["ListenerArn"], Priority=7,
            Conditions=[{"Field": "path-pattern", "Values": ["/busy"]}],
            Actions=[{"Type": "fixed-response",
                      "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/plain",
                                              "MessageBody": "busy"}}])
        wait_until(lambda: self.health() == "healthy", server)
        self.await_served()
        self.dimensions = [{"Name": "LoadBalancer", "Value": self.arn.split("loadbalancer/")[1]}]
        self.of_group = [*self.dimensions,
                         {"Name": "TargetGroup", "Value": self.group.rsplit(":", 1)[1]}]

    def await_served(self):
        self.elb.get_waiter("load_balancer_available").wait(
            Names=[self.name], WaiterConfig={"Delay": 0.05, "MaxAttempts": 1200})

    def health(self):
        described = self.elb.describe_target_health(TargetGroupArn=self.group)
        return described["TargetHealthDescriptions"][0]["TargetHealth"]["State"]

    def get(self, path, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = ecs_server.EcsServer(tmp_path_factory.mktemp("records"))
    target = Target("one", TARGET_PORT)
    yield started
    target.kill()
    started.close()


@pytest.fixture(scope="module")
def site(server):
    return Site(server, "web")


def times():
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"StartTime": now - datetime.timedelta(minutes=5),
            "EndTime": now + datetime.timedelta(minutes=5)}


def statistics(client, metric, dimensions, *names, **more):
    """Of the one point that all of the last minutes make."""
    points = client.get_metric_statistics(
        Namespace="AWS/ApplicationELB", MetricName=metric, Dimensions=dimensions, Period=86400,
        Statistics=names, **times(), **more)["Datapoints"]
    return points[0] if points else dict.fromkeys(names, 0)


def test_requests_codes_times_and_targets_are_counted(server, site):
    metrics = server.metrics(region=REGION, signed=True)

    def total(metric, dimensions=None):
        return statistics(metrics, metric, dimensions or site.dimensions, "Sum")["Sum"]

    for path, status, count in [("/", 200, 20), ("/?code=404", 404, 5), ("/?code=503", 503, 3),
                                ("/busy", 503, 1), ("/?wait=1", 200, 1)]:
        assert [site.get(path) for _ in range(count)] == [status] * count
    # The balancer's threads tell of their requests each by itself.
    wait_until(lambda: total("RequestCount") == 29 and
               total("HTTPCode_ELB_5XX_Count") == 1 and
               total("NewConnectionCount") >= 30, server)
    assert total("RequestCount", site.of_group) == 29
    assert total("HTTPCode_Target_2XX_Count") == 21
    assert total("HTTPCode_Target_4XX_Count", site.of_group) == 5
    assert total("HTTPCode_Target_5XX_Count") == 3
    taken = statistics(metrics, "TargetResponseTime", site.of_group, "Average", "Maximum",
                       "Minimum", "SampleCount", ExtendedStatistics=["p50", "p100"])
    assert taken["SampleCount"] == 29 and taken["Unit"] == "Seconds"
    assert 1 <= taken["Maximum"] < 20 and taken["Minimum"] < taken["Average"] < 1
    # These are less exact.
    assert taken["ExtendedStatistics"]["p50"] < 0.9 < taken["ExtendedStatistics"]["p100"]
    healthy = statistics(metrics, "HealthyHostCount", site.of_group, "Maximum")
    assert healthy["Maximum"] == 1


def test_many_requests_are_counted_by_a_share_of_them(server, site):
    metrics = server.metrics(region=REGION, signed=True)

    def total():
        return statistics(metrics, "HTTPCode_ELB_5XX_Count", site.dimensions, "Sum")["Sum"]

    before = total()
    told = programs.run("wrk", "-t1", "-c16", "-d3s", f"http://127.0.0.1:{site.port}/busy").stdout
    made = int(re.search(r"(\d+) requests in", told)[1])
    assert made > 4500, told  # More than what the first share begins at.
    wait_until(lambda: 0.85 * made < total() - before < 1.15 * made, server)
    time.sleep(2)
    assert 0.85 * made < total() - before < 1.15 * made


def test_the_other_ways_to_ask(server, site):
    site.get("/")
    metrics = server.metrics(region=REGION)
    wait_until(lambda: statistics(metrics, "RequestCount", site.dimensions, "Sum")["Sum"], server)
    data = metrics.get_metric_data(**times(), MetricDataQueries=[
        {"Id": "m1", "MetricStat": {"Metric": {
            "Namespace": "AWS/ApplicationELB", "MetricName": "RequestCount",
            "Dimensions": site.dimensions}, "Period": 60, "Stat": "Sum"}}])["MetricDataResults"]
    assert sum(data[0]["Values"]) >= 1
    assert len(data[0]["Timestamps"]) == len(data[0]["Values"])
    listed = server.aws("list-metrics", "--namespace", "AWS/ApplicationELB", "--metric-name",
                        "RequestCount", service="cloudwatch", region=REGION, signed=True)
    assert {"Namespace": "AWS/ApplicationELB", "MetricName": "RequestCount",
            "Dimensions": site.dimensions} in listed["Metrics"]
    assert metrics.list_metrics(Namespace="AWS/ECS")["Metrics"] == []
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        statistics(metrics, "RequestCount", site.dimensions, "Sum",
                   ExtendedStatistics=["tm90"])
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"

    def is_shown():
        shown = programs.run(programs.IKADA, "--run-root", server.run_root, "balancer", "metrics",
                             "--group", site.name, "--format", "{{.Requests}} {{.Healthy}}",
                             site.name).stdout.split()
        return shown[-1] == "1" and sum(int(each) for each in shown[::2] if each != "-") >= 1
    # In a minute in which a check took too long there was not always one.
    wait_until(is_shown, server, 150)


def test_an_access_log_has_a_line_for_each_request(server, site):
    site.get("/before")
    site.elb.modify_load_balancer_attributes(LoadBalancerArn=site.arn, Attributes=[
        {"Key": "access_logs.s3.enabled", "Value": "true"}])
    site.await_served()
    group = f"/ikada/elb/{site.name}"

    def lines():
        tailed = server.aws("tail", group, "--format", "short", service="logs", region=REGION,
                            signed=True, check=False).stdout
        return [line.split(" ", 1)[1] for line in tailed.splitlines()]

    site.get("/page?a=1", **{"User-Agent": 'it "quotes"'})
    site.get("/busy")
    # The balancer's threads tell of their requests each by itself.
    told = wait_until(lambda: (found := lines()) and "/page" in "".join(found) and
                      "/busy" in "".join(found) and found, server)
    assert not any("/before" in line for line in told)
    page = LOG_LINE.fullmatch(next(line for line in told if "/page" in line))
    busy = LOG_LINE.fullmatch(next(line for line in told if "/busy" in line))
    assert page[1] == "http" and page[3] == site.dimensions[0]["Value"]
    assert (page[4], page[6], page[7]) == ("127.0.0.1", "127.0.0.1", str(TARGET_PORT))
    assert (page[11], page[12], page[15]) == ("200", "200", "GET")
    assert page[16] == f"http://127.0.0.1:{site.port}/page?a=1" and page[17] == "HTTP/1.1"
    assert page[18] == r"it \x22quotes\x22" and page[21] == site.group
    assert (page[25], page[27]) == ("0", "forward")
    assert (busy[11], busy[12], busy[25], busy[27]) == ("503", "-", "7", "fixed-response")
    made = datetime.datetime.fromisoformat(page[2].rstrip("Z") + "+00:00").timestamp()
    assert abs(time.time() - made) < 60


def test_what_haproxy_told_is_heard_after_the_daemon_was_away(server, site):
    server.restart()
    metrics = server.metrics(region=REGION)
    wait_until(lambda: site.health() == "healthy", server)
    for _ in range(5):
        site.get("/")
    wait_until(lambda: statistics(metrics, "RequestCount", site.dimensions, "Sum")["Sum"] == 5,
               server)
