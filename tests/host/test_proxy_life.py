"""Targets that come and go, crashes and reloads under load: cluster/proxy with a real HAProxy."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from balancer import Balancer, Target, forward, group, listener, plan, rule, wait

PORT = 18080
URL = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def balancer(tmp_path):
    proxy = Balancer(tmp_path / "proxy")
    yield proxy
    proxy.end()


@pytest.fixture
def start():
    """start(count): that many targets with ports of their own."""
    targets = []

    def make(count):
        new = [Target(f"t{number}", 19100 + number)
               for number in range(len(targets), len(targets) + count)]
        targets.extend(new)
        return new

    yield make
    for target in targets:
        target.kill()


def serve(balancer, targets, draining=(), **options):
    planned = [target.planned(draining=target in draining) for target in targets]
    balancer.apply(plan([listener(PORT, forward("web"))], [group("web", planned, **options)]))


def get(path="/", timeout=5):
    """(status, the target's answer or None); status 0 if there was no answer."""
    done = subprocess.run(["curl", "-s", "-m", str(timeout), "-w", "\n%{http_code}", URL + path],
                          capture_output=True, text=True, timeout=timeout + 5)
    body, _, code = done.stdout.rpartition("\n")
    return int(code), json.loads(body) if body.startswith("{") else None


class Load:
    """wrk for a while; `errors` says what was not a success, empty if nothing."""

    def __init__(self, seconds, connections=16):
        self.process = subprocess.Popen(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", URL + "/"],
            stdout=subprocess.PIPE, text=True)

    def finish(self):
        self.output = self.process.communicate(timeout=60)[0]
        self.requests = int(re.search(r"(\d+) requests in", self.output)[1])
        self.errors = [line.strip() for line in self.output.splitlines()
                       if "Non-2xx" in line or "Socket errors" in line]
        return self


def test_targets_come_and_go_under_load_without_an_error(balancer, start):
    base, extra = start(2), start(2)
    serve(balancer, base)
    balancer.await_healthy("web", *base)

    load = Load(8)
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

    assert load.errors == [] and load.requests > 2000, load.output
    served = get()[1]["served"]
    assert served > 100


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
    serve(balancer, [target], check={"path": "/?wait=0.7", "timeoutSeconds": 2})

    balancer.await_state("web", target, "initial")
    assert balancer.state("web", target)[1] == "Elb.InitialHealthChecking"
    assert get()[0] == 503
    balancer.await_healthy("web", target)
    assert get()[0] == 200


def test_reasons_of_unhealthy_targets_and_fail_open(balancer, start):
    one, two = start(2)
    serve(balancer, [one, two])
    balancer.await_healthy("web", one, two)
    assert balancer.state("web", one)[1:3] == ["", ""]

    def set_health(target, code):
        subprocess.run(["curl", "-s", f"http://127.0.0.1:{target.port}/?health={code}"],
                       check=True, timeout=5, capture_output=True)

    set_health(one, 418)
    balancer.await_state("web", one, "unhealthy")
    assert balancer.state("web", one)[1:3] == [
        "Target.ResponseCodeMismatch", "Health checks failed with these codes: [418]"]
    assert {get()[1]["name"] for _ in range(10)} == {two.name}

    # None is healthy: all get requests.
    set_health(two, 500)
    balancer.await_state("web", two, "unhealthy")
    assert {get()[1]["name"] for _ in range(10)} == {one.name, two.name}

    set_health(two, 200)
    balancer.await_healthy("web", two)
    assert {get()[1]["name"] for _ in range(10)} == {two.name}

    # A check that is not answered in time.
    serve(balancer, [one, two], check={"path": "/?wait=3"})
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
    thread = threading.Thread(target=lambda: results.append(get("/?wait=2", timeout=10)))
    thread.start()
    wait(lambda: "1" == balancer.runtime("show stat g:web 4 -1").splitlines()[1].split(",")[4])

    serve(balancer, [one, two], draining=[one])
    balancer.await_state("web", one, "draining")
    assert balancer.state("web", one)[1] == "Target.DeregistrationInProgress"
    assert balancer.state("web", one)[3] == 1
    balancer.await_healthy("web", two)
    assert {get()[1]["name"] for _ in range(5)} == {two.name}

    # A reload does not make it forget.
    balancer.apply(plan([listener(PORT, forward("web")), listener(PORT + 1, forward("web"))],
                        [group("web", [one.planned(draining=True), two])]))
    wait(lambda: socket.socket().connect_ex(("127.0.0.1", PORT + 1)) == 0)
    assert balancer.state("web", one)[3] >= 1
    thread.join()
    assert results[0][0] == 200 and results[0][1]["name"] == one.name
    wait(lambda: balancer.state("web", one)[3] == 0)
    assert balancer.state("web", one)[0] == "draining"


def test_a_target_killed_under_load_costs_no_request(balancer, start):
    targets = start(3)
    serve(balancer, targets)
    balancer.await_healthy("web", *targets)

    load = Load(5)
    for target in targets[:2]:
        time.sleep(0.7)
        target.kill()
        balancer.await_state("web", target, "unhealthy")
    load.finish()

    assert load.errors == [] and load.requests > 1000, load.output


def test_a_killed_haproxy_is_back_within_a_second(balancer, start):
    good, bad = start(2)
    bad.kill()
    serve(balancer, [good, bad])
    balancer.await_healthy("web", good)
    balancer.await_state("web", bad, "unhealthy")

    for victim in (lambda: balancer.master, balancer.worker):
        before = balancer.master
        os.kill(victim(), signal.SIGKILL)
        since = time.monotonic()
        wait(lambda: balancer.master not in (None, before) and get()[0] == 200)
        assert time.monotonic() - since < 1
        # The one that was unhealthy gets nothing meanwhile.
        assert {get()[1]["name"] for _ in range(10)} == {good.name}
        assert balancer.state("web", good)[0] == "healthy"
        assert balancer.state("web", bad)[0] == "unhealthy"


def test_a_killed_driver_costs_nothing_and_the_next_one_goes_on(balancer, start):
    targets = start(3)
    serve(balancer, targets[:2])
    balancer.await_healthy("web", *targets[:2])
    master, worker = balancer.master, balancer.worker()

    load = Load(5)
    time.sleep(0.5)
    balancer.kill_driver()
    time.sleep(0.5)
    assert balancer.master == master
    balancer.start()
    serve(balancer, targets)
    balancer.await_healthy("web", *targets)
    load.finish()

    assert load.errors == [], load.output
    # The same plan but for a target: not even a reload.
    assert (balancer.master, balancer.worker()) == (master, worker)
    # An end of input is an end in peace, and HAProxy serves on all the same.
    balancer.process.stdin.close()
    balancer.process.wait(timeout=10)
    assert get()[0] == 200
    balancer.kill_driver()
    balancer.start()
    serve(balancer, targets)
    balancer.await_healthy("web", *targets)


def test_a_haproxy_whose_sockets_are_gone_is_replaced(balancer, start):
    [target] = start(1)
    serve(balancer, [target])
    balancer.await_healthy("web", target)
    before = balancer.master

    (balancer.directory / "runtime.sock").unlink()

    wait(lambda: balancer.master not in (None, before) and get()[0] == 200, timeout=20)
    wait(lambda: balancer.problems == {})


def test_the_log_does_not_grow_for_ever(balancer, start):
    [target] = start(1)
    serve(balancer, [target])
    balancer.await_healthy("web", target)
    log = balancer.directory / "haproxy.log"
    with log.open("a") as file:
        file.write("x" * (2 << 20))

    wait(lambda: log.stat().st_size < 1 << 20)


def test_a_leftover_pid_of_another_program_is_left_alone(balancer, start):
    [target] = start(1)
    balancer.directory.mkdir()
    (balancer.directory / "haproxy.pid").write_text(f"{target.process.pid}\n")

    serve(balancer, [target])
    balancer.await_healthy("web", target)

    assert target.process.poll() is None
    assert balancer.master != target.process.pid


def test_reloads_under_load_cost_no_request(balancer, start):
    targets = start(2)
    serve(balancer, targets)
    balancer.await_healthy("web", *targets)

    load = Load(6)
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


def test_a_taken_port_costs_that_listener_alone(balancer, start):
    [target] = start(1)
    taken = socket.create_server(("127.0.0.1", PORT + 1))
    both = plan([listener(PORT, forward("web")), listener(PORT + 1, forward("web"))],
                [group("web", [target])])

    balancer.apply(both)
    balancer.await_healthy("web", target)
    assert balancer.problems == {
        f"web-{PORT + 1}": f"port {PORT + 1} is taken by another program"}
    assert get()[0] == 200

    taken.close()
    wait(lambda: balancer.problems == {})
    wait(lambda: socket.socket().connect_ex(("127.0.0.1", PORT + 1)) == 0)


def test_a_bad_certificate_costs_that_listener_alone(balancer, start, tmp_path):
    [target] = start(1)
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    secure = listener(PORT + 1, forward("web"), protocol="HTTPS", certificateFiles=[str(bad)])

    balancer.apply(plan([secure, listener(PORT, forward("web"))], [group("web", [target])]))
    balancer.await_healthy("web", target)

    assert list(balancer.problems) == [secure["name"]]
    assert str(bad) in balancer.problems[secure["name"]], balancer.problems
    assert get()[0] == 200


def test_haproxy_runs_only_for_listeners_and_is_nobodys_else(balancer, start):
    [target] = start(1)
    balancer.apply(plan([], [group("web", [target])]))
    time.sleep(0.3)
    assert balancer.master is None

    serve(balancer, [target])
    balancer.await_healthy("web", target)
    mode = balancer.directory.stat().st_mode & 0o777
    assert mode == 0o700
    assert (balancer.directory / "haproxy.cfg").stat().st_mode & 0o777 == 0o600
    status = pathlib.Path(f"/proc/{balancer.worker()}/status").read_text()
    assert re.search(r"^Uid:\t(\d+)", status, re.M)[1] != "0"

    balancer.apply(plan([], []))
    wait(lambda: balancer.master is None)
    assert balancer.targets == {}


def test_requests_are_counted_over_workers(balancer, start):
    [target] = start(1)
    serve(balancer, [target])
    balancer.await_healthy("web", target)
    for _ in range(3):
        get()
    get("/?code=503")
    wait(lambda: balancer.ask("counts")[1].get("web") == [4, 3, 1])

    os.kill(balancer.master, signal.SIGKILL)
    wait(lambda: get()[0] == 200)
    wait(lambda: balancer.ask("counts")[1].get("web") == [5, 4, 1],
         describe=lambda: str(balancer.ask("counts")))


def test_a_missing_haproxy_is_told(tmp_path):
    driver = Balancer.__new__(Balancer)
    driver.directory = tmp_path / "proxy"
    driver.program = "/nowhere/haproxy"
    driver.start()
    try:
        driver.apply(plan([listener(PORT, forward("web"))], [group("web", [])]))
        wait(lambda: driver.problems == {"": "no /nowhere/haproxy: install the package haproxy"},
             describe=lambda: str(driver.problems))
    finally:
        driver.kill_driver()


def test_a_target_that_left_the_plan_ends_its_requests(balancer, start):
    one, two = start(2)
    serve(balancer, [one])
    balancer.await_healthy("web", one)
    results = []
    thread = threading.Thread(target=lambda: results.append(get("/?wait=20", timeout=30)))
    thread.start()
    wait(lambda: "1" == balancer.runtime("show stat g:web 4 -1").splitlines()[1].split(",")[4])

    since = time.monotonic()
    serve(balancer, [two])
    thread.join()

    assert time.monotonic() - since < 5
    assert results[0][0] != 200
    balancer.await_healthy("web", two)
    assert list(balancer.targets["web"]) == [two.id]


def test_a_request_that_may_do_something_twice_is_not_sent_again(balancer, start):
    one, two = start(2)
    serve(balancer, [one, two])
    balancer.await_healthy("web", one, two)

    def die_while_asked(victim, *arguments):
        """What a client gets whose request is with `victim` when that is killed."""
        asked = [subprocess.Popen(["curl", "-s", "-m", "10", "-o", "/dev/null", "-w",
                                   "%{http_code}", *arguments, URL + "/?wait=1.5"],
                                  stdout=subprocess.PIPE, text=True) for _ in range(2)]
        time.sleep(0.7)
        victim.kill()
        answers = sorted(each.communicate(timeout=15)[0] for each in asked)
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

    serve(balancer, [fast, slow],
          attributes={"load_balancing.algorithm.type": "least_outstanding_requests"})
    wait(lambda: "balance leastconn" in (balancer.directory / "haproxy.cfg").read_text())
    balancer.await_healthy("web", fast, slow)
    held = [subprocess.Popen(["curl", "-s", URL + "/?wait=3"], stdout=subprocess.PIPE, text=True)
            for _ in range(2)]
    time.sleep(0.5)
    # Each has one; a second one that is held makes the other the better choice.
    held.append(subprocess.Popen(["curl", "-s", URL + "/?wait=3"], stdout=subprocess.PIPE,
                                 text=True))
    time.sleep(0.5)
    names = {get()[1]["name"] for _ in range(6)}
    busy = [json.loads(each.communicate(timeout=10)[0])["name"] for each in held]
    assert sorted(busy.count(target.name) for target in (fast, slow)) == [1, 2]
    assert names == {name for name in busy if busy.count(name) == 1}


def test_a_new_target_starts_slowly(balancer, start):
    [target] = start(1)
    serve(balancer, [target], attributes={"slow_start.duration_seconds": "30"})
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

    subprocess.run(["ip", "address", "add", "10.77.0.1/32", "dev", "lo"], check=True, timeout=5)
    try:
        done = subprocess.run(["curl", "-s", "-m", "5", f"http://10.77.0.1:{PORT}/"],
                              capture_output=True, text=True, timeout=10)
        assert json.loads(done.stdout)["name"] == target.name
    finally:
        subprocess.run(["ip", "address", "delete", "10.77.0.1/32", "dev", "lo"], check=True,
                       timeout=5)
