"""Elastic Load Balancing's API: balancers, target groups, listeners and rules as records."""

import hashlib
import json

import botocore.exceptions
import pytest

import ecs_server


@pytest.fixture(scope="module")
def manager(tmp_path_factory):
    root = tmp_path_factory.mktemp("balancers")
    started = ecs_server.EcsServer(root, certificates=str(root / "certificates"))
    yield started
    started.close()


@pytest.fixture
def region(request):
    return "r-" + hashlib.sha1(request.node.name.encode()).hexdigest()


@pytest.fixture
def elb(manager, region):
    client = manager.balancers(region=region)
    yield client
    # The ports are shared by all regions.
    for each in client.describe_load_balancers()["LoadBalancers"]:
        client.modify_load_balancer_attributes(
            LoadBalancerArn=each["LoadBalancerArn"],
            Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}])
        client.delete_load_balancer(LoadBalancerArn=each["LoadBalancerArn"])


def error_of(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]


def code_of(call, **parameters):
    return error_of(call, **parameters)["Code"]


def make_balancer(elb, name="web", **options):
    return elb.create_load_balancer(Name=name, Subnets=["subnet-a", "subnet-b"],
                                    **options)["LoadBalancers"][0]


def make_group(elb, name="web", **options):
    options = {"Protocol": "HTTP", "Port": 80, "VpcId": "vpc-1", **options}
    return elb.create_target_group(Name=name, **options)["TargetGroups"][0]


def forward(group):
    return [{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}]


def make_listener(elb, balancer, group, port=80):
    return elb.create_listener(LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP",
                               Port=port, DefaultActions=forward(group))["Listeners"][0]


def test_a_balancer_is_made_found_and_deleted(elb, region):
    balancer = make_balancer(elb, Tags=[{"Key": "a", "Value": "b"}])
    assert balancer["LoadBalancerArn"].startswith(
        f"arn:aws:elasticloadbalancing:{region}:{ecs_server.ACCOUNT}:loadbalancer/app/web/")
    assert balancer["State"] == {"Code": "active"}
    assert balancer["DNSName"].endswith(f".{region}.elb.ikada")
    assert [zone["SubnetId"] for zone in balancer["AvailabilityZones"]] == ["subnet-a", "subnet-b"]
    assert make_balancer(elb, Tags=[{"Key": "a", "Value": "b"}]) == balancer
    assert code_of(elb.create_load_balancer, Name="web", Subnets=["subnet-c"]) == \
        "DuplicateLoadBalancerName"
    elb.get_waiter("load_balancer_available").wait(Names=["web"])
    assert elb.describe_load_balancers()["LoadBalancers"] == [balancer]
    assert code_of(elb.describe_load_balancers, Names=["none"]) == "LoadBalancerNotFound"
    for _ in range(2):
        elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    assert elb.describe_load_balancers()["LoadBalancers"] == []
    assert make_balancer(elb)["LoadBalancerArn"] != balancer["LoadBalancerArn"]


@pytest.mark.parametrize("options", [
    {"Name": "-web"}, {"Name": "a" * 33}, {"Name": "internal-web"}, {"Name": "w_b"},
    {"Type": "gateway"}, {"Scheme": "other"}, {"IpAddressType": "dualstack"},
    {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}])
def test_what_no_balancer_can_be_is_refused(elb, options):
    code_of(elb.create_load_balancer, **{"Name": "web", **options})
    assert elb.describe_load_balancers()["LoadBalancers"] == []


def test_balancers_come_in_pages(elb):
    for number in range(5):
        make_balancer(elb, name=f"b{number}")
    pages = list(elb.get_paginator("describe_load_balancers").paginate(
        PaginationConfig={"PageSize": 2}))
    assert [len(page["LoadBalancers"]) for page in pages] == [2, 2, 1]


def test_attributes_have_defaults_and_are_checked(elb):
    arn = make_balancer(elb)["LoadBalancerArn"]

    def value(key):
        attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        return {each["Key"]: each["Value"] for each in attributes}[key]

    assert value("idle_timeout.timeout_seconds") == "60"
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[
        {"Key": "idle_timeout.timeout_seconds", "Value": "10"},
        {"Key": "deletion_protection.enabled", "Value": "true"}])
    assert value("idle_timeout.timeout_seconds") == "10"
    assert code_of(elb.delete_load_balancer, LoadBalancerArn=arn) == "OperationNotPermitted"
    for key, bad in [("idle_timeout.timeout_seconds", "0"), ("deletion_protection.enabled", "yes"),
                     ("none", "1"), ("routing.http.desync_mitigation_mode", "off")]:
        assert code_of(elb.modify_load_balancer_attributes, LoadBalancerArn=arn,
                       Attributes=[{"Key": key, "Value": bad}]) == "ValidationError"


def test_a_target_group_is_made_changed_and_deleted(elb):
    group = make_group(elb, HealthCheckPath="/health", HealthCheckIntervalSeconds=10,
                       Matcher={"HttpCode": "200-299"}, TargetType="ip")
    assert group["HealthCheckPath"] == "/health"
    assert group["Matcher"] == {"HttpCode": "200-299"}
    assert group["LoadBalancerArns"] == []
    assert group["UnhealthyThresholdCount"] == 2
    same = make_group(elb, HealthCheckPath="/health", HealthCheckIntervalSeconds=10,
                      Matcher={"HttpCode": "200-299"}, TargetType="ip")
    assert same == group
    assert code_of(elb.create_target_group, Name="web", Protocol="HTTP", Port=81,
                   VpcId="vpc-1") == "DuplicateTargetGroupName"
    changed = elb.modify_target_group(TargetGroupArn=group["TargetGroupArn"],
                                      HealthyThresholdCount=3)["TargetGroups"][0]
    assert changed["HealthyThresholdCount"] == 3
    assert changed["HealthCheckPath"] == "/health"
    assert elb.describe_target_groups(Names=["web"])["TargetGroups"] == [changed]
    elb.delete_target_group(TargetGroupArn=group["TargetGroupArn"])
    assert code_of(elb.describe_target_groups, Names=["web"]) == "TargetGroupNotFound"


@pytest.mark.parametrize("options", [
    {"Protocol": "TLS"}, {"TargetType": "lambda"}, {"HealthCheckPath": "no-slash"},
    {"HealthCheckPath": "/a b"}, {"Matcher": {"HttpCode": "200-"}},
    {"Matcher": {"HttpCode": "600"}}, {"HealthCheckPort": "none"}, {"ProtocolVersion": "HTTP3"},
    {"HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 20}])
def test_what_no_target_group_can_be_is_refused(elb, options):
    parameters = {"Name": "bad", "Protocol": "HTTP", "Port": 80, "VpcId": "vpc-1", **options}
    assert code_of(elb.create_target_group, **parameters) == "ValidationError"


def test_group_attributes(elb):
    arn = make_group(elb)["TargetGroupArn"]
    attributes = elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[
        {"Key": "deregistration_delay.timeout_seconds", "Value": "5"},
        {"Key": "stickiness.enabled", "Value": "true"}])["Attributes"]
    values = {each["Key"]: each["Value"] for each in attributes}
    assert values["deregistration_delay.timeout_seconds"] == "5"
    assert values["load_balancing.algorithm.type"] == "round_robin"
    for key, bad in [("slow_start.duration_seconds", "10"), ("stickiness.type", "app_cookie"),
                     ("deregistration_delay.timeout_seconds", "3601"),
                     ("stickiness.app_cookie.cookie_name", "a;b")]:
        assert code_of(elb.modify_target_group_attributes, TargetGroupArn=arn,
                       Attributes=[{"Key": key, "Value": bad}]) == "ValidationError"


def test_a_listener_forwards_to_a_group(elb):
    balancer, group = make_balancer(elb), make_group(elb)
    listener = make_listener(elb, balancer, group)
    action = listener["DefaultActions"][0]
    assert action["TargetGroupArn"] == group["TargetGroupArn"]
    assert action["ForwardConfig"]["TargetGroups"] == [
        {"TargetGroupArn": group["TargetGroupArn"], "Weight": 1}]
    found = elb.describe_target_groups(TargetGroupArns=[group["TargetGroupArn"]])
    assert found["TargetGroups"][0]["LoadBalancerArns"] == [balancer["LoadBalancerArn"]]
    assert elb.describe_target_groups(
        LoadBalancerArn=balancer["LoadBalancerArn"])["TargetGroups"] == found["TargetGroups"]
    assert code_of(elb.delete_target_group,
                   TargetGroupArn=group["TargetGroupArn"]) == "ResourceInUse"
    other = make_balancer(elb, name="other")
    assert code_of(elb.create_listener, LoadBalancerArn=other["LoadBalancerArn"], Protocol="HTTP",
                   Port=81, DefaultActions=forward(group)) == "TargetGroupAssociationLimit"
    elb.delete_listener(ListenerArn=listener["ListenerArn"])
    elb.delete_target_group(TargetGroupArn=group["TargetGroupArn"])
    assert code_of(elb.describe_listeners,
                   ListenerArns=[listener["ListenerArn"]]) == "ListenerNotFound"


def test_a_port_belongs_to_one_listener_of_all(manager, elb):
    balancer, group = make_balancer(elb), make_group(elb)
    listener = make_listener(elb, balancer, group)
    assert code_of(elb.create_listener, LoadBalancerArn=balancer["LoadBalancerArn"],
                   Protocol="HTTP", Port=80, DefaultActions=forward(group)) == "DuplicateListener"
    elsewhere = manager.balancers(region="another-region")
    other, others = make_balancer(elsewhere, name="other"), make_group(elsewhere)
    error = error_of(elsewhere.create_listener, LoadBalancerArn=other["LoadBalancerArn"],
                     Protocol="HTTP", Port=80, DefaultActions=forward(others))
    assert error["Code"] == "InvalidConfigurationRequest"
    assert "taken by a listener of load balancer 'web'" in error["Message"]
    elb.modify_listener(ListenerArn=listener["ListenerArn"], Port=8080)
    make_listener(elsewhere, other, others)
    assert code_of(elb.modify_listener, ListenerArn=listener["ListenerArn"],
                   Port=80) == "InvalidConfigurationRequest"
    elsewhere.delete_load_balancer(LoadBalancerArn=other["LoadBalancerArn"])
    elb.modify_listener(ListenerArn=listener["ListenerArn"], Port=80)


def test_ports_of_ikada_itself_are_refused(manager, elb):
    balancer, group = make_balancer(elb), make_group(elb)
    for port in (manager.port, 7440, 7442, 7445, 53, 4789):
        error = error_of(elb.create_listener, LoadBalancerArn=balancer["LoadBalancerArn"],
                         Protocol="HTTP", Port=port, DefaultActions=forward(group))
        assert error["Code"] == "InvalidConfigurationRequest"
        assert f"Port {port} belongs to ikada itself" in error["Message"]


def test_rules_have_priorities(elb):
    balancer, group = make_balancer(elb), make_group(elb)
    listener = make_listener(elb, balancer, group)["ListenerArn"]

    def make_rule(priority, conditions, actions=None):
        return elb.create_rule(ListenerArn=listener, Priority=priority, Conditions=conditions,
                               Actions=actions or forward(group))["Rules"][0]

    def order():
        rules = elb.describe_rules(ListenerArn=listener)["Rules"]
        return [rule["Priority"] for rule in rules]

    paths = make_rule(20, [{"Field": "path-pattern", "Values": ["/img/*"]}])
    assert paths["Conditions"] == [{"Field": "path-pattern", "Values": ["/img/*"],
                                    "PathPatternConfig": {"Values": ["/img/*"]}}]
    hosts = make_rule(10, [
        {"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.com"]}},
        {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-A", "Values": ["b*"]}},
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "1"}]}}])
    assert hosts["Conditions"][2]["QueryStringConfig"] == {"Values": [{"Key": "v", "Value": "1"}]}
    assert order() == ["10", "20", "default"]
    assert code_of(elb.create_rule, ListenerArn=listener, Priority=20, Actions=forward(group),
                   Conditions=[{"Field": "path-pattern", "Values": ["/"]}]) == "PriorityInUse"
    elb.set_rule_priorities(RulePriorities=[{"RuleArn": paths["RuleArn"], "Priority": 10},
                                            {"RuleArn": hosts["RuleArn"], "Priority": 20}])
    assert elb.describe_rules(ListenerArn=listener)["Rules"][0]["RuleArn"] == paths["RuleArn"]
    changed = elb.modify_rule(RuleArn=paths["RuleArn"], Actions=[
        {"Type": "fixed-response",
         "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain",
                                 "MessageBody": "none"}}])["Rules"][0]
    assert changed["Actions"][0]["FixedResponseConfig"]["StatusCode"] == "404"
    default = elb.describe_rules(ListenerArn=listener)["Rules"][-1]
    assert default["IsDefault"]
    assert code_of(elb.delete_rule, RuleArn=default["RuleArn"]) == "OperationNotPermitted"
    elb.delete_rule(RuleArn=paths["RuleArn"])
    assert order() == ["20", "default"]


@pytest.mark.parametrize("condition", [
    {"Field": "path-pattern", "Values": ["/a b"]}, {"Field": "path-pattern", "Values": []},
    {"Field": "path-pattern", "Values": ["/a\n    use_backend x"]},
    {"Field": "host-header", "Values": ["a/b"]}, {"Field": "none", "Values": ["a"]},
    {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.1"]}},
    {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["get"]}},
    {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "a b", "Values": ["c"]}},
    {"Field": "path-pattern", "Values": ["/1", "/2", "/3", "/4", "/5", "/6"]}])
def test_what_no_condition_can_be_is_refused(elb, condition):
    listener = make_listener(elb, make_balancer(elb), make_group(elb))["ListenerArn"]
    assert code_of(elb.create_rule, ListenerArn=listener, Priority=1, Conditions=[condition],
                   Actions=[{"Type": "fixed-response",
                             "FixedResponseConfig": {"StatusCode": "200"}}]) == "ValidationError"


@pytest.mark.parametrize("action, code", [
    ({"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301"}},
     "InvalidLoadBalancerAction"),
    ({"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_307", "Port": "81"}},
     "ValidationError"),
    ({"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Path": "/a\r\nb"}},
     "ValidationError"),
    ({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "302"}}, "ValidationError"),
    ({"Type": "forward"}, "ValidationError"),
    ({"Type": "authenticate-oidc"}, "InvalidLoadBalancerAction")])
def test_what_no_action_can_be_is_refused(elb, action, code):
    arn = make_balancer(elb)["LoadBalancerArn"]
    assert code_of(elb.create_listener, LoadBalancerArn=arn, Protocol="HTTP", Port=80,
                   DefaultActions=[action]) == code


def test_https_listeners_need_a_certificate(manager, elb, region):
    balancer, group = make_balancer(elb), make_group(elb)
    options = {"LoadBalancerArn": balancer["LoadBalancerArn"], "Protocol": "HTTPS", "Port": 443,
               "DefaultActions": forward(group)}
    assert code_of(elb.create_listener, **options) == "CertificateNotFound"
    arn = f"arn:aws:acm:{region}:{ecs_server.ACCOUNT}:certificate/"
    for bad in [arn + "none", arn + "../web", "web"]:
        assert code_of(elb.create_listener, Certificates=[{"CertificateArn": bad}],
                       **options) == "CertificateNotFound"
    certificates = manager.root / "certificates"
    certificates.mkdir(exist_ok=True)
    (certificates / "web.pem").write_text("unread")
    listener = elb.create_listener(Certificates=[{"CertificateArn": arn + "web"}],
                                   **options)["Listeners"][0]
    assert listener["Certificates"] == [{"CertificateArn": arn + "web"}]
    assert listener["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    shown = elb.describe_listener_certificates(ListenerArn=listener["ListenerArn"])
    assert shown["Certificates"] == [{"CertificateArn": arn + "web", "IsDefault": True}]
    assert elb.describe_ssl_policies(Names=[listener["SslPolicy"]])["SslPolicies"]


def test_targets_are_registered_by_hand(manager, elb, region):
    arn = make_group(elb, TargetType="ip")["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": "10.0.0.1"},
                                                      {"Id": "10.0.0.1", "Port": 81}])
    assert code_of(elb.register_targets, TargetGroupArn=arn,
                   Targets=[{"Id": "web"}]) == "ValidationError"
    elb.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": "10.0.0.1", "Port": 81}])
    health = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    assert {(each["Target"]["Port"], each["TargetHealth"]["State"]) for each in health} == \
        {(80, "unused"), (81, "draining")}
    asked = elb.describe_target_health(TargetGroupArn=arn, Targets=[{"Id": "10.0.0.9"}])
    assert asked["TargetHealthDescriptions"][0]["TargetHealth"]["Reason"] == "Target.NotRegistered"
    instances = make_group(elb, name="instances")["TargetGroupArn"]
    assert code_of(elb.register_targets, TargetGroupArn=instances,
                   Targets=[{"Id": "i-0123456789abcdef0"}]) == "InvalidTarget"
    ecs = manager.client(region=region)
    ecs.create_cluster()
    instance = ecs.register_container_instance(totalResources=[
        {"name": "CPU", "type": "INTEGER", "integerValue": 1024}])["containerInstance"]
    elb.register_targets(TargetGroupArn=instances, Targets=[
        {"Id": instance["containerInstanceArn"].rsplit("/", 1)[1], "Port": 32768}])


def test_tags(elb):
    balancer, group = make_balancer(elb), make_group(elb)
    listener = make_listener(elb, balancer, group)["ListenerArn"]
    rule = elb.create_rule(ListenerArn=listener, Priority=1, Actions=forward(group), Conditions=[
        {"Field": "path-pattern", "Values": ["/a"]}])["Rules"][0]["RuleArn"]
    arns = [balancer["LoadBalancerArn"], group["TargetGroupArn"], listener, rule]
    for arn in arns:
        elb.add_tags(ResourceArns=[arn],
                     Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
        elb.remove_tags(ResourceArns=[arn], TagKeys=["a"])
    described = elb.describe_tags(ResourceArns=arns)["TagDescriptions"]
    assert [each["ResourceArn"] for each in described] == arns
    assert all(each["Tags"] == [{"Key": "b", "Value": ""}] for each in described)


def test_all_is_there_after_a_restart(tmp_path):
    server = ecs_server.EcsServer(tmp_path)
    try:
        elb = server.balancers()
        balancer, group = make_balancer(elb), make_group(elb)
        listener = make_listener(elb, balancer, group)
        elb.create_rule(ListenerArn=listener["ListenerArn"], Priority=1, Actions=forward(group),
                        Conditions=[{"Field": "path-pattern", "Values": ["/a"]}])
        rules = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
        server.restart()
        elb.get_waiter("load_balancer_available").wait(
            Names=["web"], WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})
        assert elb.describe_load_balancers()["LoadBalancers"] == [balancer]
        assert elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"] == rules
    finally:
        server.close()


def test_the_aws_command(manager, region):
    def aws(*words, check=True):
        return manager.aws(*words, service="elbv2", region=region, check=check)

    balancer = aws("create-load-balancer", "--name", "cli", "--subnets", "subnet-a")
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    group = aws("create-target-group", "--name", "cli", "--protocol", "HTTP", "--port", "80",
                "--vpc-id", "vpc-1")["TargetGroups"][0]["TargetGroupArn"]
    listener = aws("create-listener", "--load-balancer-arn", arn, "--protocol", "HTTP", "--port",
                   "8443", "--default-actions", f"Type=forward,TargetGroupArn={group}")
    assert listener["Listeners"][0]["Port"] == 8443
    aws("wait", "load-balancer-available", "--load-balancer-arns", arn)
    refused = aws("delete-target-group", "--target-group-arn", group, check=False)
    assert "ResourceInUse" in refused.stderr
    aws("delete-load-balancer", "--load-balancer-arn", arn)


def test_signatures_count_and_name_their_service(manager):
    signed = manager.balancers(signed=True)
    assert "LoadBalancers" in signed.describe_load_balancers()
    key, _ = manager.access_key()
    wrong = ecs_server.boto3.Session(key, "wrong", region_name="r").client(
        "elbv2", endpoint_url=manager.signed_endpoint)
    assert code_of(wrong.describe_load_balancers) == "SignatureDoesNotMatch"
    # A signature for one service is none for another.
    session = ecs_server.boto3.Session(*manager.access_key(), region_name="r")
    other = session.client("elbv2", endpoint_url=manager.signed_endpoint)
    other.meta.events.register("choose-signer.*", lambda **_: "v4")
    other.meta.service_model.metadata["signingName"] = "ecs"
    other._request_signer._signing_name = "ecs"
    assert code_of(other.describe_load_balancers) == "SignatureDoesNotMatch"


def test_forms_that_are_none(manager):
    def post(body, content_type="application/x-www-form-urlencoded"):
        import http.client
        connection = http.client.HTTPConnection("127.0.0.1", manager._forwarder.port)
        connection.request("POST", "/", body, {"Content-Type": content_type})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    for body in ["", "Action=None&Version=2015-12-01", "Action=DescribeLoadBalancers&Version=1",
                 "Action=DescribeLoadBalancers&Version=2015-12-01&A.member.x=1",
                 "Action=DescribeLoadBalancers&Version=2015-12-01&A=1&A.b=2",
                 "Action=DescribeLoadBalancers&Version=2015-12-01&" + "a." * 40 + "b=1",
                 "Action=DescribeLoadBalancers&Version=2015-12-01&a=%zz",
                 "Action=CreateLoadBalancer&Version=2015-12-01&Name.member.1=a"]:
        status, text = post(body)
        assert status == 400 and "<ErrorResponse" in text, (body, text)
    status, text = post("Action=DescribeLoadBalancers&Version=2015-12-01&Names.member.1=%3Cx%3E%00")
    assert status == 400 and "&lt;x&gt;" in text
    assert json.loads(manager.raw("ListClusters", {})[2] and "{}") == {}
