"""What is said to be active is served: DescribeLoadBalancers, ikada apply, ikada balancer ls."""

import json
import os
import signal

import pytest

import ecs_server
import programs
from balancer_states import (add_rule, await_available, get, haproxy_processes, impairment_of,
                             make_balancer, state_of, taken_port)
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
    """A load balancer in a file for `ikada apply`."""
    def actions(body):
        return [{"type": "fixed-response", "fixedResponseConfig": {
            "statusCode": "200", "contentType": "text/plain", "messageBody": body}}]

    return {"name": name, "listeners": [
        {"port": port, "protocol": "HTTP", "defaultActions": actions(text), "rules": [
            {"priority": number, "actions": actions(body),
             "conditions": [{"field": "path-pattern", "values": [path]}]}
            for number, (path, body) in enumerate(rules, 1)]}]}


def ikada(server, *words, **options):
    return programs.run(programs.IKADA, "--run-root", server.run_root, *words, **options)


def answers(port):
    try:
        return bool(get(HERE, port))
    except OSError:
        return False


def apply(server, *wishes, check=True, options=()):
    text = json.dumps({"loadBalancers": wishes})
    return ikada(server, "apply", "-f", "-", *options, input=text, check=check)


def last_line(failed):
    assert failed.returncode == 1
    return failed.stderr.splitlines()[-1]


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


@pytest.mark.parametrize("options", [(), ("--no-wait",)])
def test_a_listener_that_is_moved_to_a_taken_port_serves_where_it_was(server, elb, options):
    name = f"moved{len(options)}"
    old, new = ecs_server.free_port(), ecs_server.free_port()
    before, after = wish(name, old, "mine"), wish(name, new, "mine")
    apply(server, before)
    with taken_port(new):
        # The second time it is there already, and is not served.
        for _ in range(2):
            line = last_line(apply(server, after, check=False, options=options))
            assert f", port {new}: port {new} is taken by another program" in line
            assert get(HERE, old) == "mine"
        # And back, although what is to be removed impairs it.
        assert f"- load balancer {name}, port {new}" in apply(server, before).stdout
        assert state_of(elb, name) == ("active", None)
        line = last_line(apply(server, after, check=False))
        assert line.endswith(f"taken by another program; load balancer {name}, port {old} stays")
        assert get(HERE, old) == "mine"
    wait_until(lambda: state_of(elb, name) == ("active", None), server)
    apply(server, after)
    assert get(HERE, new) == "mine"
    wait_until(lambda: not answers(old), server)
    assert all(line.startswith("=") for line in apply(server, after).stdout.splitlines())


def test_a_port_that_one_load_balancer_gives_to_another(server):
    first, second = ecs_server.free_port(), ecs_server.free_port()
    apply(server, wish("giving", first, "giving"))
    apply(server, wish("giving", second, "giving"), wish("taking", first, "taking", [("/a", "a")]))
    assert [get(HERE, second), get(HERE, first), get(HERE, first, "/a")] == \
        ["giving", "taking", "a"]
    apply(server, wish("giving", first, "giving"), wish("taking", second, "taking"))
    assert [get(HERE, first), get(HERE, second)] == ["giving", "taking"]


def test_a_haproxy_that_hangs_impairs_until_it_is_replaced(server, elb):
    port = ecs_server.free_port()
    make_balancer(elb, "hanging", port, "well")
    await_available(elb, "hanging")
    processes = haproxy_processes(server.run_root)
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)

    reason = wait_until(lambda: impairment_of(elb, "hanging"), server)

    assert reason.endswith(": HAProxy has not answered for 3 s")
    wait_until(lambda: state_of(elb, "hanging") == ("active", None), server)
    assert get(HERE, port) == "well"
    assert not set(processes) & set(haproxy_processes(server.run_root))


def test_after_a_restart_what_is_active_answers(server, elb):
    port = ecs_server.free_port()
    make_balancer(elb, "before", port, "as before")
    server.restart()
    await_available(elb, "before")
    assert get(HERE, port) == "as before"
