"""ikada-runtime monitor: output, stdin, terminal, log, exit, clean-up, and what it costs."""

import os
import pathlib
import signal
import stat
import time

import monitors
import pytest


@pytest.fixture
def monitor(bundle, tmp_path):
    """monitor(["sh", "-c", "…"], terminal=True, …) → Monitor."""
    made = []

    def make(args, user=0, hooks=None, host_pids=False, **options):
        directory = tmp_path / f"container-{len(made)}"
        container = bundle(args)
        container.process["user"] = {"uid": user, "gid": user}
        container.config["hooks"] = hooks or {}
        if host_pids:
            container.drop_namespace("pid")
        made.append(monitors.Monitor(container, directory, **options))
        return made[-1]
    yield make
    for each in made:
        each.close()


def test_output_is_complete_and_in_order(monitor):
    container = monitor(["sh", "-c", "seq 1 20000; echo end >&2"])

    container.client.read_all()
    assert container.wait() == 0

    expected = "".join(f"{i}\n" for i in range(1, 20001)).encode()
    assert container.client.output == {"o": expected, "r": b"end\n"}
    assert container.log_text() == expected
    assert container.log_text(b"stderr") == b"end\n"


def test_last_line_without_newline_and_long_lines_are_kept(monitor):
    container = monitor(["sh", "-c", "head -c 40000 /dev/zero | tr '\\0' x; echo; printf tail"])

    assert container.wait() == 0

    assert container.log_text() == b"x" * 40000 + b"\ntail"
    tags = [tag for _, tag, _ in container.log_lines()]
    assert tags == [b"P", b"P", b"F", b"P"]


def test_200_mb_of_output_are_logged_without_using_memory(monitor):
    lines = 5_600_000
    container = monitor(["sh", "-c", "read go; yes 0123456789abcdefghijklmnopqrstuvwxyz | "
                         f"head -n {lines}; exec sleep 1000"], open_stdin=True, client=False)
    before = container.memory_bytes("Anonymous")
    client = container.attach()
    client.send("i", b"\n")
    client.close()

    size = lines * len("2026-11-23T21:10:15.123456789Z stdout F "
                       "0123456789abcdefghijklmnopqrstuvwxyz\n")
    monitors.wait_until(lambda: container.log_path.stat().st_size >= size, timeout=100)

    assert container.memory_bytes("Anonymous") < before + (256 << 10)
    os.kill(container.pid, signal.SIGKILL)
    assert container.wait() == 0


@pytest.mark.parametrize("script, code, number", [
    ("exit 0", 0, 0), ("exit 7", 7, 0), ("exit 255", 255, 0), ("kill -9 $$; sleep 1", 0, 0)])
def test_exit_codes_are_recorded(monitor, script, code, number):
    container = monitor(["sh", "-c", script])

    container.client.read_all()
    container.wait()

    # The first process of a pid namespace cannot kill itself.
    record = container.exit()
    assert (record["exit_code"], record["signal"], record["oom_killed"]) == (code, number, False)
    assert container.client.exit == record
    assert abs(record["finished_at"] / 1e9 - time.time()) < 60


def test_signal_from_outside_gives_128_and_its_number(monitor):
    container = monitor(["sleep", "1000"])

    container.client.send("s", bytes([signal.SIGKILL]))
    container.client.read_all()

    assert container.client.exit["exit_code"] == 137
    assert container.client.exit["signal"] == signal.SIGKILL


def test_sigterm_to_the_monitor_reaches_the_container(monitor):
    container = monitor(["sh", "-c", "trap 'echo got it; exit 3' TERM; echo ready; "
                         "while :; do sleep 0.1; done"])
    container.client.read_until(b"ready")

    container.process.terminate()
    container.client.read_all()

    assert container.client.exit["exit_code"] == 3
    assert b"got it" in container.client.output["o"]


def test_stdin_is_echoed_and_can_be_half_closed(monitor):
    container = monitor(["sh", "-c", "cat; echo after"], open_stdin=True)
    container.client.send("i", b"hello\n")
    container.client.read_until(b"hello\n")

    container.client.send("e")
    container.client.read_all()

    assert container.client.output["o"] == b"hello\nafter\n"
    assert container.client.exit["exit_code"] == 0


def test_stdin_is_empty_unless_it_is_held_open(monitor):
    container = monitor(["sh", "-c", "cat; readlink /proc/self/fd/0"])

    container.client.send("i", b"nobody reads this\n")
    container.client.read_all()

    assert container.client.output["o"] == b"/dev/null\n"


def test_large_stdin_arrives_whole_while_output_flows_back(monitor):
    container = monitor(["sh", "-c", "cat"], open_stdin=True)
    container.client.send("l")
    container.client.socket.setblocking(False)
    chunk = bytes(range(256)) * 64
    waiting = 2000

    while waiting > 0:
        try:
            container.client.send("i", chunk)
            waiting -= 1
        except BlockingIOError:
            container.client.read_message()
    container.client.socket.setblocking(True)
    container.client.send("e")
    container.client.read_all()

    assert container.client.output["o"] == chunk * 2000


def test_terminal_has_echo_window_and_control_characters(monitor):
    container = monitor(["sh", "-c", "stty size; trap 'echo interrupted; exit 5' INT; echo ready; "
                         "while :; do sleep 0.1; done"],
                        terminal=True, open_stdin=True,
                        before_start=lambda client: client.send_window(33, 111))
    container.client.read_until(b"ready")
    assert b"33 111" in container.client.output["o"]

    container.client.send("i", b"\x03")
    container.client.read_all()

    assert b"interrupted" in container.client.output["o"]
    assert container.client.exit["exit_code"] == 5


def test_window_size_follows_the_client(monitor):
    container = monitor(["sh", "-c", "trap 'stty size; exit' WINCH; echo ready; "
                         "while :; do sleep 0.1; done"], terminal=True)
    container.client.read_until(b"ready")

    container.client.send_window(40, 120)
    container.client.read_all()

    assert b"40 120" in container.client.output["o"]


def test_terminal_output_is_complete_at_the_end(monitor):
    container = monitor(["sh", "-c", "seq 1 5000"], terminal=True)

    container.client.read_all()

    assert container.client.output["o"] == "".join(f"{i}\r\n" for i in range(1, 5001)).encode()


def test_terminal_closed_by_the_container_costs_no_cpu_and_can_be_opened_again(monitor):
    container = monitor(["sh", "-c", "exec 3</dev/null; exec <&3 >/dev/null 2>&1; sleep 1; "
                         "echo back > /dev/console; sleep 1000"], terminal=True)

    container.client.read_until(b"back")

    assert container.cpu_ticks() < 20
    os.kill(container.pid, signal.SIGKILL)
    container.wait()


def test_two_clients_see_the_same_and_one_may_be_killed(monitor):
    container = monitor(["sh", "-c", "while read line; do echo $line; done"], open_stdin=True)
    second = container.attach()
    third = container.attach()
    container.client.send("i", b"one\n")
    for client in (container.client, second, third):
        client.read_until(b"one\n")

    third.close()
    second.send("i", b"two\n")
    container.client.read_until(b"two\n")
    second.read_until(b"two\n")
    container.client.send("e")

    assert second.read_all().exit == container.client.read_all().exit


def test_slow_client_is_dropped_and_slows_nothing(monitor):
    script = f"read go; yes {'x' * 99} | head -c 50000000; echo end >&2; read stop"
    container = monitor(["sh", "-c", script],
                        open_stdin=True)
    slow = container.attach()
    container.client.send("l")

    container.client.send("i", b"go\n")
    container.client.read_until(b"end", stream="r")
    container.client.send("i", b"stop\n")
    container.client.read_all()

    assert len(container.client.output["o"]) == 50000000
    while slow.read_message():
        pass
    assert slow.exit is None
    assert container.log_path.stat().st_size > 50000000


def test_lossless_client_makes_the_container_wait(monitor):
    container = monitor(["sh", "-c", f"yes {'x' * 99} | head -c 20000000; echo end >&2"])
    container.client.send("l")

    time.sleep(2)
    assert not container.exit_path.exists()
    container.client.read_all()

    assert container.client.exit["exit_code"] == 0
    assert len(container.client.output["o"]) == 20000000


def test_log_is_rotated_without_losing_a_line(monitor):
    container = monitor(["sh", "-c", "seq 1 30000"], log_max_bytes=500_000, log_max_files=10)

    assert container.wait() == 0

    names = sorted(container.directory.glob("log*"))
    assert 3 <= len(names) <= 10
    assert all(each.stat().st_size <= 500_000 for each in names)
    oldest_first = [container.directory / f"log.{age}" for age in range(len(names) - 1, 0, -1)]
    texts = [int(text) for path in [*oldest_first, container.log_path]
             for _, _, text in container.log_lines(path)]
    assert texts == list(range(1, 30001))


def test_full_disk_does_not_stop_the_container(monitor, tmp_path):
    container = monitor(["sh", "-c", "seq 1 1000; exit 4"], log_path="/dev/full")

    container.client.read_all()

    assert container.client.output["o"].endswith(b"1000\n")
    assert container.exit()["exit_code"] == 4


@pytest.mark.parametrize("args, code, text", [
    (["/no/such/program"], 127, "o such file"), (["/etc/passwd"], 126, "ermission denied")])
def test_start_errors_are_reported(monitor, args, code, text):
    container = monitor(args, wait=False)

    assert container.report["exit_code"] == code
    assert text in container.report["error"]
    assert container.wait() == 1
    assert not container.exit_path.exists()
    assert not container.socket_path.exists()
    assert not container.holds()


def test_bad_options_are_reported(monitor):
    container = monitor(["true"], wait=False, network={"bridge": "x/y"})

    assert container.report["exit_code"] == 125
    assert container.report["error"]
    assert container.wait() == 1


def test_monitor_cleans_up_holding_what_it_was_given(monitor):
    container = monitor(["sh", "-c", "read go"], open_stdin=True)
    assert container.holds()

    container.client.send("e")
    container.client.read_all()
    container.wait()

    assert container.cleaned.exists()
    assert not container.holds()
    assert not container.socket_path.exists()


def test_first_client_may_take_the_clean_up(monitor):
    container = monitor(["true"], before_start=lambda client: client.send("c"))

    container.client.read_all()
    container.wait()

    assert not container.cleaned.exists()


def test_other_clients_may_not_take_the_clean_up(monitor):
    container = monitor(["sh", "-c", "read go"], open_stdin=True)
    second = container.attach()
    second.send("c")

    second.send("e")
    container.wait()

    assert container.cleaned.exists()


def test_monitor_cleans_up_for_a_client_that_was_killed(monitor):
    container = monitor(["sh", "-c", "read go"], open_stdin=True,
                        before_start=lambda client: client.send("c"))

    container.client.close()
    second = container.attach()
    second.send("e")
    container.wait()
    second.close()

    assert container.cleaned.exists()


def test_nothing_of_the_runtime_is_left(monitor):
    container = monitor(["true"])

    container.wait()

    state = container.directory / "state"
    assert not state.exists() or not list(state.iterdir())


def test_attach_socket_is_private(monitor):
    container = monitor(["sleep", "1000"])

    assert stat.S_IMODE(container.socket_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(container.socket_path.parent.stat().st_mode) == 0o700
    os.kill(container.pid, signal.SIGKILL)


def test_user_other_than_root_can_open_its_stdout_anew(monitor):
    container = monitor(["sh", "-c", "echo fine > /dev/stdout; echo bad > /dev/stderr"], user=1000)

    container.client.read_all()

    assert container.client.output == {"o": b"fine\n", "r": b"bad\n"}


def test_container_inherits_no_descriptor(monitor):
    container = monitor(["ls", "/proc/self/fd"])

    container.client.read_all()

    # 3 is the directory that ls reads.
    assert container.client.output["o"].split() == [b"0", b"1", b"2", b"3"]


def test_monitor_is_the_parent_and_leads_its_own_session(monitor):
    container = monitor(["sleep", "1000"])

    fields = pathlib.Path(f"/proc/{container.pid}/stat").read_text().rsplit(")", 1)[1].split()
    assert int(fields[1]) == container.process.pid
    assert os.getsid(container.process.pid) == container.process.pid
    os.kill(container.process.pid, signal.SIGHUP)
    time.sleep(0.2)
    assert container.process.poll() is None
    os.kill(container.pid, signal.SIGKILL)


def test_idle_monitors_are_small_and_quiet(monitor):
    containers = [monitor(["sleep", "1000"], client=False) for _ in range(10)]

    def is_quiet():
        ticks = [each.cpu_ticks() for each in containers]
        time.sleep(1)
        return [each.cpu_ticks() for each in containers] == ticks

    monitors.wait_until(is_quiet)  # At last: it may take a while until all have begun.
    sizes = [each.memory_bytes("Pss") for each in containers]
    print("PSS of 10 idle monitors, KiB:", [size >> 10 for size in sizes])

    assert max(sizes) <= 300 << 10
    for each in containers:
        os.kill(each.pid, signal.SIGKILL)


@pytest.mark.parametrize("user", [0, 1000])
def test_container_dies_with_a_monitor_that_is_killed(monitor, runtime, user):
    container = monitor(["sleep", "1000"], user=user)

    container.process.kill()

    monitors.wait_until(lambda: not pathlib.Path(f"/proc/{container.pid}").exists())
    monitors.wait_until(lambda: not container.holds())
    runtime.root = container.directory / "state"


def test_first_process_runs_from_a_file_nobody_can_write(monitor, tmp_path):
    seen = tmp_path / "exe"
    hook = {"path": "/bin/sh", "args": ["sh", "-c", (
        "pid=$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/'); "
        f"readlink /proc/$pid/exe /proc/$PPID/exe > {seen}")]}

    monitor(["true"], hooks={"createRuntime": [hook]}).wait()

    # In an overlay that is attached nowhere.
    assert seen.read_text().split() == ["/ikada-runtime"] * 2


def test_container_with_the_hosts_processes_cannot_look_into_the_monitor(monitor):
    container = monitor(["sh", "-c", "read monitor; readlink /proc/$monitor/exe; "
                         "readlink /proc/$monitor/fd/0; cat /proc/$monitor/mem"],
                        open_stdin=True, host_pids=True)

    container.client.send("i", b"%d\n" % container.process.pid)
    container.client.read_all()

    assert container.client.output["o"] == b""
    assert container.client.output["r"].count(b"ermission denied") == 1
