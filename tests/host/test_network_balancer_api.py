"""Elastic Load Balancing's API for network load balancers, and the pool of addresses."""

import botocore.exceptions
import pytest

import ecs_server
import programs

POOL = ["192.0.2.16", "192.0.2.17", "192.0.2.40"]


@pytest.fixture(scope="module")
def manager(tmp_path_factory):
    started = ecs_server.EcsServer(tmp_path_factory.mktemp("network-api"),
                                   balancer_addresses=["192.0.2.16/31", "192.0.2.40"],
                                   balancer_interface="lo")
    yield started
    started.close()
    for address in POOL:
        programs.run("ip", "address", "del", f"{address}/32", "dev", "lo", check=False)
    programs.run("nft", "delete", "table", "ip", "ikada_balancers", check=False)


@pytest.fixture
def elb(manager):
    client = manager.balancers()
    yield client
    for each in client.describe_load_balancers()["LoadBalancers"]:
        client.delete_load_balancer(LoadBalancerArn=each["LoadBalancerArn"])
    for each in client.describe_target_groups()["TargetGroups"]:
        client.delete_target_group(TargetGroupArn=each["TargetGroupArn"])


def error_of(call, **parameters):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]


def make_balancer(elb, name="net", **options):
    options = {"Type": "network", "Subnets": ["subnet-a"], **options}
    return elb.create_load_balancer(Name=name, **options)["LoadBalancers"][0]


def make_group(elb, name="net", **options):
    options = {"Protocol": "TCP", "Port": 80, "VpcId": "vpc-1", **options}
    return elb.create_target_group(Name=name, **options)["TargetGroups"][0]


def listen(elb, balancer, group, port=80, protocol="TCP"):
    return {"LoadBalancerArn": balancer["LoadBalancerArn"], "Protocol": protocol, "Port": port,
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}]}


def values(attributes):
    return {each["Key"]: each["Value"] for each in attributes["Attributes"]}


def test_a_network_load_balancer_has_the_form_of_one(elb):
    balancer = make_balancer(elb)
    assert balancer["Type"] == "network"
    assert ":loadbalancer/net/net/" in balancer["LoadBalancerArn"]
    elb.get_waiter("load_balancer_available").wait(Names=["net"])
    group = make_group(elb)
    assert (group["HealthCheckProtocol"], group["HealthCheckTimeoutSeconds"]) == ("TCP", 10)
    assert "Matcher" not in group and "ProtocolVersion" not in group
    checked = make_group(elb, "checked", HealthCheckProtocol="HTTP", HealthCheckPath="/health")
    assert checked["Matcher"] == {"HttpCode": "200-399"}
    assert checked["HealthCheckTimeoutSeconds"] == 6

    listener = elb.create_listener(**listen(elb, balancer, group))["Listeners"][0]

    assert ":listener/net/net/" in listener["ListenerArn"]
    assert listener["Protocol"] == "TCP"
    assert elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"] == \
        [listener]
    rules = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    assert [rule["IsDefault"] for rule in rules] == [True]
    found = elb.describe_target_groups(Names=["net"])["TargetGroups"][0]
    assert found["LoadBalancerArns"] == [balancer["LoadBalancerArn"]]
    assert elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])[
        "TargetHealthDescriptions"] == []


@pytest.mark.parametrize("listener, group, is_taken", [
    ("TCP", "TCP", True), ("TCP", "TCP_UDP", True), ("UDP", "TCP_UDP", True),
    ("TCP_UDP", "TCP_UDP", True), ("TCP_UDP", "TCP", False), ("UDP", "TCP", False),
    ("TCP", "HTTP", False)])
def test_listeners_forward_to_groups_of_their_protocols(elb, listener, group, is_taken):
    balancer = make_balancer(elb)
    wish = listen(elb, balancer, make_group(elb, Protocol=group), protocol=listener)
    if is_taken:
        assert elb.create_listener(**wish)["Listeners"][0]["Protocol"] == listener
    else:
        assert error_of(elb.create_listener, **wish)["Code"] == "InvalidConfigurationRequest"


def test_what_network_load_balancers_do_not_do_is_refused(elb):
    balancer, group = make_balancer(elb), make_group(elb)
    for protocol in ("TLS", "HTTP"):
        told = error_of(elb.create_listener, **listen(elb, balancer, group, protocol=protocol))
        assert told["Code"] == "UnsupportedProtocol"
        assert "TCP, UDP or TCP_UDP" in told["Message"]
    application = make_balancer(elb, "app", Type="application")
    assert error_of(elb.create_listener, **listen(elb, application, group, 81, "HTTP"))["Code"] == \
        "InvalidConfigurationRequest"
    listener = elb.create_listener(**listen(elb, balancer, group))["Listeners"][0]["ListenerArn"]
    assert error_of(
        elb.create_rule, ListenerArn=listener, Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/"]}],
        Actions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}])["Code"] == \
        "InvalidConfigurationRequest"
    assert error_of(make_balancer, elb=elb, name="gate", Type="gateway")["Code"] == \
        "ValidationError"


def test_attributes_are_those_that_act(elb):
    balancer, group = make_balancer(elb), make_group(elb)

    def put(key, value, arn=group["TargetGroupArn"]):
        return values(elb.modify_target_group_attributes(
            TargetGroupArn=arn, Attributes=[{"Key": key, "Value": value}]))[key]

    shown = values(elb.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"]))
    assert shown["preserve_client_ip.enabled"] == "true"
    assert shown["stickiness.type"] == "source_ip"
    for key in ("preserve_client_ip.enabled", "stickiness.enabled",
                "deregistration_delay.connection_termination.enabled",
                "target_health_state.unhealthy.connection_termination.enabled"):
        for value in ("true", "false"):
            assert put(key, value) == value
    for key, value in (("proxy_protocol_v2.enabled", "true"), ("slow_start.duration_seconds", "30"),
                       ("load_balancing.cross_zone.enabled", "false")):
        with pytest.raises(botocore.exceptions.ClientError):
            put(key, value)
    datagrams = make_group(elb, "datagrams", Protocol="UDP")["TargetGroupArn"]
    assert values(elb.describe_target_group_attributes(TargetGroupArn=datagrams))[
        "deregistration_delay.connection_termination.enabled"] == "true"
    with pytest.raises(botocore.exceptions.ClientError):
        put("preserve_client_ip.enabled", "false", datagrams)
    arn = balancer["LoadBalancerArn"]
    assert "idle_timeout.timeout_seconds" not in values(
        elb.describe_load_balancer_attributes(LoadBalancerArn=arn))
    assert error_of(elb.modify_load_balancer_attributes, LoadBalancerArn=arn, Attributes=[
        {"Key": "access_logs.s3.enabled", "Value": "true"}])["Code"] == "ValidationError"


def test_each_balancer_gets_an_address_while_there_are_some(elb):
    made = [make_balancer(elb, f"net-{number}") for number in range(3)]
    assert [each["AvailabilityZones"][0]["LoadBalancerAddresses"] for each in made] == \
        [[{"IpAddress": address}] for address in POOL]
    assert error_of(make_balancer, elb=elb, name="late")["Code"] == "TooManyLoadBalancers"
    group, other = make_group(elb), make_group(elb, "other")
    # One port, two addresses; but one listener a port at each.
    elb.create_listener(**listen(elb, made[0], group))
    elb.create_listener(**listen(elb, made[1], other))
    assert error_of(elb.create_listener, **listen(elb, made[0], group))["Code"] == \
        "DuplicateListener"

    elb.delete_load_balancer(LoadBalancerArn=made[1]["LoadBalancerArn"])

    again = make_balancer(elb, "late", Subnets=[])
    assert again["AvailabilityZones"][0]["LoadBalancerAddresses"] == [{"IpAddress": POOL[1]}]
