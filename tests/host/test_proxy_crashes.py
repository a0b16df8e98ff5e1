"""What survives when HAProxy or its driver dies, and what one bad listener costs: cluster/proxy."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

import programs
from balancer import Balancer, forward, group, listener, plan, wait
from balancer_world import PORT, Load, balancer, get, serve, start  # noqa: F401


def test_a_killed_haproxy_is_back_within_a_second(balancer, start):
    good, bad = start(2)
    bad.kill()
    serve(balancer, [good, bad])
    balancer.await_healthy("web", good)
    balancer.await_state("web", bad, "unhealthy")

    def seconds_without(victim):
        before = balancer.master
        os.kill(victim(), signal.SIGKILL)
        since = time.monotonic()
        wait(lambda: balancer.master not in (None, before) and get()[0] == 200)
        return time.monotonic() - since

    for victim in (lambda: balancer.master, balancer.worker):
        # The quickest of several: of a host that has other things to do.
        assert any(seconds_without(victim) < 1 for _ in range(5))
        # The one that was unhealthy gets nothing meanwhile.
        assert {get()[1]["name"] for _ in range(10)} == {good.name}
        balancer.await_healthy("web", good)
        balancer.await_state("web", bad, "unhealthy")


def test_a_killed_driver_costs_nothing_and_the_next_one_goes_on(balancer, start):
    targets = start(3)
    serve(balancer, targets[:2])
    balancer.await_healthy("web", *targets[:2])
    master, worker = balancer.master, balancer.worker()

    load = Load()
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
    balancer.process.wait(timeout=60)
    assert get()[0] == 200
    balancer.kill_driver()
    balancer.start()
    serve(balancer, targets)
    balancer.await_healthy("web", *targets)


@pytest.fixture
def small_run(tmp_path):
    """The balancer's directory is a disk of its own."""
    place = tmp_path / "proxy"
    place.mkdir()
    programs.run("mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "none", place)
    yield place
    programs.run("umount", place)


def fill(directory):
    with open(directory / "ballast", "ab", buffering=0) as file:
        for size in (65536, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                pass


def test_a_killed_haproxy_is_back_where_there_is_no_room_for_files(small_run, balancer, start):
    good, bad = start(2)
    serve(balancer, [good, bad])
    balancer.await_healthy("web", good, bad)
    fill(small_run)

    for _ in range(2):
        before = balancer.workers_master()
        os.kill(before, signal.SIGKILL)
        wait(lambda: balancer.workers_master() not in (None, before) and get()[0] == 200)

    # What it sees is told, and why the file does not say so: once, in words that stay.
    bad.kill()
    balancer.await_state("web", bad, "unhealthy")
    wait(lambda: "No space left on device" in balancer.problems.get("", ""))
    told = dict(balancer.problems)
    time.sleep(3)
    assert balancer.problems == told
    warnings = [line for line in balancer.logged if "No space left on device" in line]
    assert len(warnings) == 1, warnings
    (small_run / "ballast").unlink()
    wait(lambda: balancer.problems == {})
    # Another plan needs another file.
    serve(balancer, [good])
    wait(lambda: {get()[1]["name"] for _ in range(10)} == {good.name})


def test_a_haproxy_whose_sockets_are_gone_is_replaced(balancer, start):
    [target] = start(1)
    serve(balancer, [target])
    balancer.await_healthy("web", target)
    before = balancer.master

    (balancer.directory / "runtime.sock").unlink()

    wait(lambda: balancer.master not in (None, before) and get()[0] == 200)
    wait(lambda: balancer.problems == {})


FIXED = {"type": "fixed-response", "statusCode": "200", "contentType": "text/plain",
         "messageBody": "here"}


def runs(pid):
    try:
        return " Z " not in pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("which", ["worker", "both"])
def test_a_haproxy_that_hangs_is_told_and_replaced(balancer, which):
    """Although it has no targets."""
    balancer.apply(plan([listener(PORT, FIXED)], []))
    wait(lambda: balancer.serving == [1])
    master, worker = balancer.master, balancer.worker()

    since = time.monotonic()
    for pid in [worker] + [master] * (which == "both"):
        os.kill(pid, signal.SIGSTOP)

    wait(lambda: balancer.serving == [1, 0])
    wait(lambda: balancer.problems == {"": "HAProxy has not answered for 3 s"})
    assert master == balancer.master
    wait(lambda: balancer.serving == [1, 0, 1])
    assert 9 < time.monotonic() - since < 40
    wait(lambda: balancer.problems == {})
    # One that hangs would get a share of the connections.
    wait(lambda: not runs(worker) and not runs(master))
    assert [get()[0] for _ in range(20)] == [200] * 20


def test_a_master_that_hangs_is_replaced_when_it_is_needed(balancer):
    balancer.apply(plan([listener(PORT, FIXED)], []))
    wait(lambda: balancer.serving == [1])
    master = balancer.master
    time.sleep(1)  # It has started all it wants to.
    os.kill(master, signal.SIGSTOP)

    balancer.apply({**plan([listener(PORT, {**FIXED, "statusCode": "203"})], []), "revision": 2})

    wait(lambda: balancer.serving[-1] == 2)
    assert balancer.master != master
    wait(lambda: not runs(master))
    assert [get()[0] for _ in range(20)] == [203] * 20


def test_a_host_that_stands_still_loses_no_haproxy(balancer):
    """As when a laptop is opened again: whoever asks was asleep, too."""
    balancer.apply(plan([listener(PORT, FIXED)], []))
    wait(lambda: balancer.serving == [1])
    all_of_it = [balancer.process.pid, balancer.worker(), balancer.master]
    for _ in range(3):
        for pid in all_of_it:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(4.5)
        for pid in all_of_it:
            os.kill(pid, signal.SIGCONT)
        time.sleep(0.7)
    # Asleep for longer than one that hangs would be left alone, and awake first.
    for pid in all_of_it:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(10)
    os.kill(all_of_it[0], signal.SIGCONT)
    time.sleep(4)
    for pid in all_of_it[1:]:
        os.kill(pid, signal.SIGCONT)
    wait(lambda: balancer.serving[-1] == 1)
    time.sleep(1)
    assert [balancer.worker(), balancer.master] == all_of_it[1:]
    assert get()[0] == 200


def test_the_log_does_not_grow_for_ever(balancer, start):
    [target] = start(1)
    serve(balancer, [target])
    balancer.await_healthy("web", target)
    log = balancer.directory / "haproxy.log"
    with log.open("a") as file:
        file.write("x" * (2 << 20))

    wait(lambda: log.stat().st_size < 1 << 20)


def test_a_haproxy_that_no_pid_file_tells_of_is_found(balancer, start):
    """As when the driver is killed before HAProxy has written its pid."""
    [target] = start(1)
    serve(balancer, [target])
    balancer.await_healthy("web", target)
    master = balancer.master
    balancer.kill_driver()
    (balancer.directory / "haproxy.pid").unlink()

    balancer.start()
    serve(balancer, [target])
    balancer.await_healthy("web", target)
    assert balancer.problems == {}
    (balancer.directory / "haproxy.pid").write_text(f"{master}\n")
    assert balancer.master == master


def test_a_second_haproxy_with_our_file_is_ended(balancer, start):
    [target] = start(1)
    serve(balancer, [target])
    balancer.await_healthy("web", target)
    second = subprocess.Popen(["haproxy", "-W", "-db", "-f", balancer.directory / "haproxy.cfg"],
                              stderr=subprocess.DEVNULL)
    try:
        second.wait(timeout=60)
    finally:
        second.kill()
    wait(lambda: get()[0] == 200)

    def answers():
        try:
            return "g:web" in balancer.runtime("show stat")
        except OSError:
            return False  # The second one has taken the runtime socket away.
    wait(lambda: balancer.problems == {} and answers(),
         describe=lambda: f"{balancer.process.poll()} {balancer.problems} {answers()} "
                          f"{balancer.master}: "
                          f"{(balancer.directory / 'haproxy.log').read_text()[-2000:]}")


def test_a_leftover_pid_of_another_program_is_left_alone(balancer, start):
    [target] = start(1)
    balancer.directory.mkdir()
    (balancer.directory / "haproxy.pid").write_text(f"{target.process.pid}\n")

    serve(balancer, [target])
    balancer.await_healthy("web", target)

    assert target.process.poll() is None
    assert balancer.master != target.process.pid


def test_a_taken_port_costs_that_listener_alone(balancer, start):
    [target] = start(1)
    taken = socket.create_server(("127.0.0.1", PORT + 1))
    both = plan([listener(PORT, forward("web")), listener(PORT + 1, forward("web"))],
                [group("web", [target])])

    balancer.apply(both)
    balancer.await_healthy("web", target)
    wait(lambda: balancer.problems == {
        f"web-{PORT + 1}": f"port {PORT + 1} is taken by another program"})
    assert get()[0] == 200
    wait(lambda: balancer.serving == [1])

    taken.close()
    wait(lambda: balancer.problems == {})
    assert socket.socket().connect_ex(("127.0.0.1", PORT + 1)) == 0


def test_a_bad_certificate_costs_that_listener_alone(balancer, start, tmp_path):
    [target] = start(1)
    bad = tmp_path / "bad.pem"
    bad.write_text("no certificate")
    secure = listener(PORT + 1, forward("web"), protocol="HTTPS", certificateFiles=[str(bad)])

    balancer.apply(plan([secure, listener(PORT, forward("web"))], [group("web", [target])]))
    balancer.await_healthy("web", target)

    wait(lambda: list(balancer.problems) == [secure["name"]])
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
    wait(lambda: balancer.targets == {})


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
        wait(lambda: driver.serving == [0])
    finally:
        driver.kill_driver()
