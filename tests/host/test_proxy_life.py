"""Targets that come and go, drain and die under load: cluster/proxy with a real HAProxy."""

import json
import socket
import subprocess
import threading
import time

from balancer import forward, group, listener, plan, rule, wait
from balancer_world import PORT, URL, Load, balancer, get, serve, start  # noqa: F401


def test_targets_come_and_go_under_load_without_an_error(balancer, start):
    base, extra = start(2), start(2)
    serve(balancer, base)
    balancer.await_healthy("web", *base)

    load = Load()
    for _ in range(4):
        serve(balancer, base + extra)
        balancer.await_healthy("web", *extra)
        time.sleep(0.3)
        serve(balancer, base + extra, draining=extra)
        for target in extra:
            balancer.await_state("web", target, "draining")
            wait(lambda t=target: balancer.state("web", t)[3] == 0)
        serve(balancer, base)
        # What has drained may end: nothing is on its way to it.
        for target in extra:
            target.kill()
            target.start()
    load.finish()

    assert load.errors == [] and load.requests > 500, load.output
    served = get()[1]["served"]
    assert served > 50


def test_a_target_gets_no_request_before_a_check_has_passed(balancer, start):
    good, late = start(2)
    late.kill()
    serve(balancer, [good, late])
    balancer.await_healthy("web", good)
    balancer.await_state("web", late, "unhealthy")
    assert balancer.state("web", late)[1:3] == ["Target.FailedHealthChecks",
                                                "Health checks failed"]
    assert {get()[1]["name"] for _ in range(20)} == {good.name}

    late.start()
    balancer.await_healthy("web", late)
    assert {get()[1]["name"] for _ in range(20)} == {good.name, late.name}


def test_a_new_target_is_initial_while_it_is_checked(balancer, start):
    [target] = start(1)
    serve(balancer, [target], check={"path": "/?hold=checks", "timeoutSeconds": 60})

    balancer.await_state("web", target, "initial")
    assert balancer.state("web", target)[1] == "Elb.InitialHealthChecking"
    assert get()[0] == 503
    target.ask("release=checks")
    balancer.await_healthy("web", target)
    assert get()[0] == 200


def test_reasons_of_unhealthy_targets_and_fail_open(balancer, start):
    one, two = start(2)
    serve(balancer, [one, two])
    balancer.await_healthy("web", one, two)
    assert balancer.state("web", one)[1:3] == ["", ""]

    one.ask("health=418")
    balancer.await_state("web", one, "unhealthy")
    assert balancer.state("web", one)[1:3] == [
        "Target.ResponseCodeMismatch", "Health checks failed with these codes: [418]"]
    assert {get()[1]["name"] for _ in range(10)} == {two.name}

    # None is healthy: all get requests.
    two.ask("health=500")
    balancer.await_state("web", two, "unhealthy")
    assert {get()[1]["name"] for _ in range(10)} == {one.name, two.name}

    two.ask("health=200")
    balancer.await_healthy("web", two)
    assert {get()[1]["name"] for _ in range(10)} == {two.name}

    # A check that is not answered in time.
    serve(balancer, [one, two], check={"path": "/?hold=checks", "timeoutSeconds": 1})
    balancer.await_state("web", two, "unhealthy")
    assert balancer.state("web", two)[1:3] == ["Target.Timeout", "Request timed out"]


def test_a_target_that_answers_checks_with_evil_words_is_unhealthy_alone(balancer, start):
    """What targets say stands in HAProxy's statistics and log."""
    [good] = start(1)
    evil = socket.create_server(("127.0.0.1", 19150))

    def answer():
        words = [b"HTTP/1.1 503 a\",\"b,UP,\"\"\r\nX: \x1b[2J\r\n\r\n", b"\x00\xff,\"\n" * 50,
                 b"HTTP/1.1 503 \"g:web,evil,UP,,\x01\r\n\r\n", b""]
        try:
            while True:
                client, _ = evil.accept()
                with client:
                    client.recv(4096)
                    client.sendall(words[0])
                words.append(words.pop(0))
        except OSError:
            pass
    threading.Thread(target=answer, daemon=True).start()
    try:
        planned = [good.planned(), {"id": "evil", "address": "127.0.0.1", "port": 19150}]
        balancer.apply(plan([listener(PORT, forward("web"))], [group("web", planned)]))
        balancer.await_healthy("web", good)
        wait(lambda: balancer.targets["web"]["evil"][0] == "unhealthy")
        for _ in range(20):
            assert balancer.targets["web"]["evil"][0] == "unhealthy"
            assert balancer.state("web", good)[0] == "healthy" and get()[0] == 200
            time.sleep(0.2)
        assert set(balancer.targets["web"]) == {good.id, "evil"} and balancer.problems == {}
    finally:
        evil.shutdown(socket.SHUT_RDWR)
        evil.close()


def test_a_draining_target_ends_what_it_has_begun(balancer, start):
    one, two = start(2)
    serve(balancer, [one])
    balancer.await_healthy("web", one)
    results = []
    thread = threading.Thread(target=lambda: results.append(get("/?hold=end", timeout=100)))
    thread.start()
    wait(lambda: one.held == 1)

    serve(balancer, [one, two], draining=[one])
    balancer.await_state("web", one, "draining")
    assert balancer.state("web", one)[1] == "Target.DeregistrationInProgress"
    wait(lambda: balancer.state("web", one)[3] == 1)
    balancer.await_healthy("web", two)
    assert {get()[1]["name"] for _ in range(5)} == {two.name}

    # A reload does not make it forget.
    balancer.apply(plan([listener(PORT, forward("web")), listener(PORT + 1, forward("web"))],
                        [group("web", [one.planned(draining=True), two])]))
    wait(lambda: socket.socket().connect_ex(("127.0.0.1", PORT + 1)) == 0)
    assert balancer.state("web", one)[3] >= 1
    one.ask("release=end")
    thread.join()
    assert results[0][0] == 200 and results[0][1]["name"] == one.name
    wait(lambda: balancer.state("web", one)[3] == 0)
    assert balancer.state("web", one)[0] == "draining"


def test_a_target_killed_under_load_costs_no_request(balancer, start):
    targets = start(3)
    serve(balancer, targets)
    balancer.await_healthy("web", *targets)

    load = Load()
    for target in targets[:2]:
        time.sleep(0.7)
        target.kill()
        balancer.await_state("web", target, "unhealthy")
    load.finish()

    assert load.errors == [] and load.requests > 300, load.output


def test_reloads_under_load_cost_no_request(balancer, start):
    targets = start(2)
    serve(balancer, targets)
    balancer.await_healthy("web", *targets)

    load = Load()
    for number in range(6):
        rules = [rule(1, [{"field": "path-pattern", "values": [f"/{number}"]}],
                      {"type": "fixed-response", "statusCode": "410"})]
        balancer.apply(plan([listener(PORT, forward("web"), rules=rules)],
                            [group("web", targets)]))
        wait(lambda path=f"/{number}": get(path)[0] == 410)
        time.sleep(0.3)
    load.finish()

    assert load.errors == [], load.output
    assert balancer.state("web", targets[0])[0] == "healthy"


def test_a_target_that_left_the_plan_ends_its_requests(balancer, start):
    one, two = start(2)
    serve(balancer, [one])
    balancer.await_healthy("web", one)
    results = []
    thread = threading.Thread(target=lambda: results.append(get("/?hold=ever", timeout=100)))
    thread.start()
    wait(lambda: one.held == 1)

    since = time.monotonic()
    serve(balancer, [two])
    thread.join()

    assert time.monotonic() - since < 50
    assert results[0][0] != 200
    balancer.await_healthy("web", two)
    assert list(balancer.targets["web"]) == [two.id]


def test_a_request_that_may_do_something_twice_is_not_sent_again(balancer, start):
    one, two = start(2)
    serve(balancer, [one, two])
    balancer.await_healthy("web", one, two)

    def die_while_asked(victim, *arguments):
        """What a client gets whose request is with `victim` when that is killed."""
        other = two if victim is one else one
        asked = [subprocess.Popen(["curl", "-s", "-m", "100", "-o", "/dev/null", "-w",
                                   "%{http_code}", *arguments, f"{URL}/?hold={victim.name}"],
                                  stdout=subprocess.PIPE, text=True) for _ in range(2)]
        wait(lambda: one.held == two.held == 1)
        victim.kill()
        # It has been answered, or is with the other one now.
        wait(lambda: other.held == 2 or any(each.poll() is not None for each in asked))
        other.ask(f"release={victim.name}")
        answers = sorted(each.communicate(timeout=60)[0] for each in asked)
        victim.start()
        balancer.await_healthy("web", victim)
        return answers

    assert die_while_asked(one, "-X", "POST") == ["200", "502"]
    assert die_while_asked(two) == ["200", "200"]


def test_the_algorithms_of_groups(balancer, start):
    fast, slow = start(2)
    for algorithm in ("least_outstanding_requests", "weighted_random"):
        serve(balancer, [fast, slow],
              attributes={"load_balancing.algorithm.type": algorithm})
        balancer.await_healthy("web", fast, slow)
        wait(lambda: {get()[1]["name"] for _ in range(20)} == {fast.name, slow.name})

    planned = group("web", [fast, slow], attributes={
        "load_balancing.algorithm.type": "least_outstanding_requests"})
    balancer.apply({**plan([listener(PORT, forward("web"))], [planned]), "revision": 2})
    wait(lambda: balancer.serving[-1] == 2)
    assert "balance leastconn" in (balancer.directory / "haproxy.cfg").read_text()
    balancer.await_healthy("web", fast, slow)

    def hold():
        return subprocess.Popen(["curl", "-s", URL + "/?hold=end"], stdout=subprocess.PIPE,
                                text=True)

    held = [hold(), hold()]
    wait(lambda: fast.held == slow.held == 1)
    # Each has one; a second one that is held makes the other the better choice.
    held.append(hold())
    wait(lambda: fast.held + slow.held == 3)
    names = {get()[1]["name"] for _ in range(6)}
    for target in (fast, slow):
        target.ask("release=end")
    busy = [json.loads(each.communicate(timeout=60)[0])["name"] for each in held]
    assert sorted(busy.count(target.name) for target in (fast, slow)) == [1, 2]
    assert names == {name for name in busy if busy.count(name) == 1}


def test_a_new_target_starts_slowly(balancer, start):
    [target] = start(1)
    serve(balancer, [target], attributes={"slow_start.duration_seconds": "300"})
    balancer.await_healthy("web", target)

    row = balancer.runtime("show stat g:web 4 -1").splitlines()[1].split(",")
    assert 0 < int(row[18]) < 50, row
    assert get()[0] == 200


def test_a_listener_waits_for_an_address_that_moves(balancer, start):
    [target] = start(1)
    moving = {**listener(PORT, forward("web")), "address": "10.77.0.1"}
    balancer.apply(plan([moving], [group("web", [target])]))
    balancer.await_healthy("web", target)
    assert balancer.problems == {}

    subprocess.run(["ip", "address", "add", "10.77.0.1/32", "dev", "lo"], check=True, timeout=30)
    try:
        done = subprocess.run(["curl", "-s", "-m", "30", f"http://10.77.0.1:{PORT}/"],
                              capture_output=True, text=True, timeout=40)
        assert json.loads(done.stdout)["name"] == target.name
    finally:
        subprocess.run(["ip", "address", "delete", "10.77.0.1/32", "dev", "lo"], check=True,
                       timeout=30)


def test_it_is_told_which_plan_is_served(balancer, start):
    targets = start(2)
    ports = [PORT]

    def apply(revision, count):
        balancer.apply({**plan([listener(port, forward("web")) for port in ports],
                               [group("web", targets[:count])]), "revision": revision})

    apply(5, 1)
    wait(lambda: balancer.serving == [5])
    balancer.await_healthy("web", targets[0])
    apply(5, 2)
    balancer.await_healthy("web", targets[1])
    # Targets alone are no other revision.
    assert balancer.serving == [5]
    for revision in range(6, 16):
        ports.append(PORT + revision)
        apply(revision, 2)
        wait(lambda now=revision: balancer.serving[-1] == now)
        socket.create_connection(("127.0.0.1", ports[-1]), timeout=30).close()
    apply(15, 1)
    balancer.apply({"listeners": [], "groups": [], "revision": 16})
    wait(lambda: balancer.serving[-1] == 16)
    assert balancer.serving == list(range(5, 17))
    wait(lambda: balancer.master is None)
