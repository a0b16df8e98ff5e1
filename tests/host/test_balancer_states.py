"""What is said to be active is served: DescribeLoadBalancers, ikada apply, ikada balancer ls."""

import json

import pytest

import ecs_server
import programs
from balancer_states import (add_rule, await_available, get, make_balancer, state_of,
                             taken_port)
from task_host import wait_until

REGION = "us-east-1"
HERE = "127.0.0.1"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = ecs_server.EcsServer(tmp_path_factory.mktemp("states"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def elb(server):
    return server.balancers(region=REGION)


def wish(name, port, text, rules=()):
    """A file for `ikada apply`."""
    def actions(body):
        return [{"type": "fixed-response", "fixedResponseConfig": {
            "statusCode": "200", "contentType": "text/plain", "messageBody": body}}]

    return json.dumps({"loadBalancers": [{"name": name, "listeners": [
        {"port": port, "protocol": "HTTP", "defaultActions": actions(text), "rules": [
            {"priority": number, "actions": actions(body),
             "conditions": [{"field": "path-pattern", "values": [path]}]}
            for number, (path, body) in enumerate(rules, 1)]}]}]})


def ikada(server, *words, **options):
    return programs.run(programs.IKADA, "--run-root", server.run_root, *words, **options)


def apply(server, text, check=True):
    return ikada(server, "apply", "-f", "-", input=text, check=check)


def test_a_balancer_that_is_available_answers(elb):
    for number in range(5):
        name, port = f"made-{number}", ecs_server.free_port()
        _, listener = make_balancer(elb, name, port, name)
        await_available(elb, name)
        assert get(HERE, port) == name
        add_rule(elb, listener, 7, "/rule", "by rule")
        await_available(elb, name)
        assert get(HERE, port, "/rule") == "by rule"


def test_what_has_been_applied_answers(server):
    for number in range(10):
        name, port = f"applied-{number}", ecs_server.free_port()
        told = apply(server, wish(name, port, name)).stderr
        assert get(HERE, port) == name
        assert told.endswith(f"load balancer {name}: active\n")
        changed = wish(name, port, "changed", [("/a", "by rule")])
        apply(server, changed)
        assert (get(HERE, port), get(HERE, port, "/a")) == ("changed", "by rule")
        # Nothing is changed, nothing is waited for.
        assert apply(server, changed).stderr == ""


def test_a_taken_port_is_told_until_it_is_free(server, elb):
    port = ecs_server.free_port()
    with taken_port(port):
        failed = apply(server, wish("taken", port, "mine"), check=False)
        assert failed.returncode == 1
        code, reason = state_of(elb, "taken")
        assert code == "active_impaired"
        assert reason.endswith(f", port {port}: port {port} is taken by another program")
        assert failed.stderr.splitlines()[-1] == \
            f"ikada apply: load balancer taken: active_impaired: {reason}"
        listed = ikada(server, "balancer", "ls", "--format", "json").stdout.splitlines()
        row, = [row for row in map(json.loads, listed) if row["Name"] == "taken"]
        assert (row["State"], row["Reason"], row["Type"]) == (code, reason, "application")
        # It costs that one alone.
        other = ecs_server.free_port()
        apply(server, wish("other", other, "well"))
        assert get(HERE, other) == "well"
    wait_until(lambda: state_of(elb, "taken") == ("active", None), server)
    assert get(HERE, port) == "mine"
    assert "taken" in ikada(server, "balancer", "ls", "-q").stdout.split()


def test_after_a_restart_what_is_active_answers(server, elb):
    port = ecs_server.free_port()
    make_balancer(elb, "before", port, "as before")
    server.restart()
    await_available(elb, "before")
    assert get(HERE, port) == "as before"
