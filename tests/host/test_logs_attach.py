"""ikada logs and ikada attach, with containers of the whole engine."""

import os
import pty
import re
import select
import signal
import subprocess
import time

import monitors
import pytest


@pytest.fixture
def start(shared_ikada, busybox_image):
    """start("script", …options) → the name of a container in the background."""
    names = []

    def call(script, *options):
        name = f"logs-{os.urandom(4).hex()}"
        names.append(name)
        shared_ikada("run", "-d", "--name", name, "--network", "none", *options, busybox_image,
                     "sh", "-c", script)
        return name
    yield call
    for name in names:
        shared_ikada("rm", "-f", "-v", name)


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, command, environment):
        self.master, peer = pty.openpty()
        self.process = subprocess.Popen(
            command, stdin=peer, stdout=peer, stderr=peer, start_new_session=True, env=environment)
        os.close(peer)
        self.output = b""

    def type(self, text):
        os.write(self.master, text)

    def read_until(self, text, timeout=60):
        deadline = time.monotonic() + timeout
        while text not in self.output:
            left = deadline - time.monotonic()
            assert left > 0, f"{text!r} never came: {self.output!r}"
            if select.select([self.master], [], [], left)[0]:
                self.output += os.read(self.master, 4096)

    def wait(self):
        status = self.process.wait(60)
        os.close(self.master)
        return status


@pytest.fixture
def terminal(shared_ikada):
    """terminal("attach", …) → ikada's command in a Terminal."""
    made = []

    def call(*arguments):
        made.append(Terminal(shared_ikada.command(*arguments), shared_ikada.environment))
        return made[-1]
    yield call
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


@pytest.fixture
def popen(shared_ikada):
    """popen("logs", …) → ikada's command with pipes."""
    made = []

    def call(*arguments):
        made.append(shared_ikada.popen(*arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE))
        return made[-1]
    yield call
    for each in made:
        if each.poll() is None:
            each.kill()
        each.communicate()


def test_logs_keeps_the_streams_apart(shared_ikada, start):
    name = start("echo out; echo err >&2; printf rest")
    shared_ikada("wait", name)

    result = shared_ikada("logs", name)

    assert (result.stdout, result.stderr) == ("out\nrest", "err\n")


def test_logs_tail_and_timestamps(shared_ikada, start):
    name = start("seq 1 100")
    shared_ikada("wait", name)

    assert shared_ikada("logs", "--tail", "3", name).stdout == "98\n99\n100\n"
    assert shared_ikada("logs", "-n", "0", name).stdout == ""
    assert shared_ikada("logs", "--tail", "all", name).stdout.count("\n") == 100
    stamped = shared_ikada("logs", "-t", "-n", "1", name).stdout
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z 100\n", stamped)
    bad = shared_ikada("logs", "--tail", "x", name, check=False)
    assert (bad.returncode, bad.stderr.count("\n")) == (1, 1)


def test_logs_since_and_until(shared_ikada, start):
    name = start("echo one; sleep 1.1; echo two")
    shared_ikada("wait", name)
    lines = shared_ikada("logs", "-t", name).stdout.splitlines()
    second = lines[1].split(" ")[0]

    assert shared_ikada("logs", "--since", second, name).stdout == "two\n"
    assert shared_ikada("logs", "--until", second, name).stdout == "one\n"
    assert shared_ikada("logs", "--since", "1h", name).stdout == "one\ntwo\n"
    assert shared_ikada("logs", "--until", "1h", name).stdout == ""


def test_long_lines_are_printed_whole(shared_ikada, start):
    name = start("head -c 100000 /dev/zero | tr '\\0' x; echo")
    shared_ikada("wait", name)

    assert shared_ikada("logs", name).stdout == "x" * 100000 + "\n"
    assert shared_ikada("logs", "-n", "1", name).stdout == "x" * 100000 + "\n"


def test_logs_follow_ends_with_the_container(start, popen):
    name = start("for i in 1 2 3 4 5; do echo $i; sleep 0.2; done")

    output, errors = popen("logs", "-f", name).communicate(timeout=60)

    assert (output, errors) == (b"1\n2\n3\n4\n5\n", b"")


def test_logs_follow_through_rotations(start, popen):
    name = start("for i in $(seq 1 200); do seq $((i * 100 - 99)) $((i * 100)); done",
                 "--log-opt", "max-size=100k", "--log-opt", "max-file=100")

    output, _ = popen("logs", "-f", name).communicate(timeout=60)

    assert output == b"".join(b"%d\n" % i for i in range(1, 20001))


def test_logs_of_nobody_is_an_error(shared_ikada):
    result = shared_ikada("logs", "nobody", check=False)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "ikada logs: No such container: nobody\n"


def test_attach_shows_output_and_ends_with_the_status(start, popen):
    name = start("read line; echo got $line; exit 9", "-i")
    attached = popen("attach", name)

    output, errors = attached.communicate(b"hello\n", timeout=60)

    assert (output, errors, attached.returncode) == (b"got hello\n", b"", 9)


@pytest.mark.parametrize("options", [("-a", "-i"), ("-i",)])
def test_start_with_stdin_attaches_to_what_runs_already(start, popen, options):
    name = start("read line; echo got $line; exit 9", "-i")
    attached = popen("start", *options, name)

    output, errors = attached.communicate(b"hello\n", timeout=60)

    assert (output, errors, attached.returncode) == (b"got hello\n", b"", 9)


# Whoever sees a tick is attached.
TICKING = "while :; do echo tick; sleep 0.1; done"


def test_start_attaches_without_stdin_and_passes_signals_on(start, popen):
    name = start(f"trap 'echo term; exit 6' TERM; {TICKING}", "-i")
    attached = popen("start", "-a", name)
    assert attached.stdout.readline() == b"tick\n"

    attached.send_signal(signal.SIGTERM)
    output, _ = attached.communicate(timeout=60)

    assert (output.replace(b"tick\n", b""), attached.returncode) == (b"term\n", 6)


def test_attach_passes_signals_on(start, popen):
    name = start(f"trap 'echo term; exit 6' TERM; {TICKING}")
    attached = popen("attach", name)
    assert attached.stdout.readline() == b"tick\n"

    attached.send_signal(signal.SIGTERM)
    output, _ = attached.communicate(timeout=60)

    assert (output.replace(b"tick\n", b""), attached.returncode) == (b"term\n", 6)


def test_attach_to_a_stopped_container_is_refused(shared_ikada, start):
    name = start("true")
    shared_ikada("wait", name)

    result = shared_ikada("attach", name, check=False)

    assert result.returncode == 1
    assert result.stderr == (
        "ikada attach: You cannot attach to a stopped container, start it first\n")


def test_attach_and_detach_with_keys(shared_ikada, start, terminal):
    name = start("while read line; do echo got $line; done", "-it")
    attached = terminal("attach", name)

    attached.type(b"one\n")
    attached.read_until(b"got one")
    attached.type(b"\x10\x11")

    assert attached.wait() == 0
    assert shared_ikada.inspect(name)["State"]["Running"]
    again = terminal("attach", "--detach-keys", "ctrl-a,x", name)
    again.type(b"two\n")
    again.read_until(b"got two")
    again.type(b"\x01x")
    assert again.wait() == 0


def test_two_attached_see_the_same_and_one_may_be_killed(shared_ikada, start, popen):
    name = start("while read line; do echo got $line; done; exit 3", "-i")
    first = popen("attach", name)
    second = popen("attach", name)
    time.sleep(0.5)

    second.kill()
    second.wait()
    output, _ = first.communicate(b"one\ntwo\n", timeout=60)

    assert output == b"got one\ngot two\n"
    assert first.returncode == 3
    assert shared_ikada("logs", name).stdout == "got one\ngot two\n"


def test_run_in_the_foreground_waits_for_its_slow_reader(shared_ikada, busybox_image, popen):
    process = popen("run", "--rm", "--network", "none", busybox_image, "sh", "-c",
                    f"yes {'x' * 99} | head -c 20000000")
    time.sleep(2.5)

    output, errors = process.communicate(timeout=60)

    assert (len(output), errors, process.returncode) == (20000000, b"", 0)


def test_ctrl_c_ends_a_foreground_container_without_a_terminal(shared_ikada, busybox_image, popen):
    process = popen("run", "--rm", "--network", "none", busybox_image, "sh", "-c",
                    "trap 'exit 130' INT; echo ready; while :; do sleep 0.1; done")
    assert process.stdout.readline() == b"ready\n"

    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 130
    assert shared_ikada("ps", "-a", "-q").stdout == ""


def test_killed_foreground_client_leaves_the_clean_up_to_the_monitor(
        shared_ikada, busybox_image, popen):
    process = popen("run", "--rm", "--name", "orphan", "--network", "none", busybox_image, "sh",
                    "-c", "echo ready; exec sleep 1000")
    assert process.stdout.readline() == b"ready\n"

    process.kill()
    process.wait()

    assert shared_ikada.inspect("orphan")["State"]["Running"]
    shared_ikada("kill", "orphan")
    monitors.wait_until(lambda: shared_ikada("ps", "-a", "-q").stdout == "")


def test_the_detach_keys_leave_an_exec_running(shared_ikada, start, terminal):
    name = start("exec sleep 1000")
    shell = terminal("exec", "-it", name, "sh")
    shell.type(b"tty; echo before-$((1+1))\n")
    shell.read_until(b"before-2")
    shell.type(b"(sleep 1; echo unseen; touch /after) & wait\n\x10\x11")

    assert shell.wait() == 0
    monitors.wait_until(lambda: shared_ikada(
        "exec", name, "test", "-e", "/after", check=False).returncode == 0)
    assert "sh\n" in shared_ikada("exec", name, "ps", "-o", "comm").stdout
    other = terminal("exec", "-it", "--detach-keys", "ctrl-a,x", name, "sh")
    other.type(b"echo $((2+3))\n")
    other.read_until(b"5")
    other.type(b"\x01x")
    assert other.wait() == 0
    bad = shared_ikada("exec", "--detach-keys", "ctrl-,", name, "true", check=False)
    assert bad.returncode != 0
