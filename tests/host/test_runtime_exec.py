"""exec of ikada-runtime, and terminals."""

import json
import os
import pty
import select
import signal
import socket
import subprocess
import time

import pytest


@pytest.fixture
def sleeper(bundle, runtime):
    made = bundle(["sleep", "100"], docker_like=True)
    made.process["noNewPrivileges"] = False
    made.save()
    subprocess.run(runtime.command("run", "--detach", "--bundle", made, made.id), check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)
    yield made
    runtime("delete", "--force", made.id)


def test_exec_joins_all_namespaces_and_returns_the_status(runtime, sleeper):
    pid = runtime.state(sleeper.id)["pid"]

    result = runtime("exec", sleeper.id, "sh", "-c",
                     "for n in pid net ipc uts mnt cgroup; do readlink /proc/self/ns/$n; done; "
                     "cat /proc/self/cgroup; exit 5", check=False)

    assert result.returncode == 5
    found = result.stdout.splitlines()
    assert found[:6] == [os.readlink(f"/proc/{pid}/ns/{kind}")
                         for kind in ("pid", "net", "ipc", "uts", "mnt", "cgroup")]
    assert "0::/" in found


@pytest.mark.parametrize("program, status", [("nosuch", 127), ("/etc/passwd", 126)])
def test_exec_says_why_a_program_cannot_run(runtime, sleeper, program, status):
    result = runtime("exec", sleeper.id, program, check=False)

    assert result.returncode == status
    assert f"exec {program}: " in result.stderr


@pytest.mark.parametrize("user", ["0", "1000", "1000:1000"])
def test_exec_has_no_inheritable_or_ambient_capabilities(runtime, sleeper, user):
    """R-13"""
    status = runtime("exec", "--user", user, sleeper.id, "cat", "/proc/self/status").stdout

    fields = dict(line.split(":\t") for line in status.splitlines() if line.startswith("Cap"))
    assert int(fields["CapInh"], 16) == 0
    assert int(fields["CapAmb"], 16) == 0
    assert (int(fields["CapEff"], 16) == 0) == (user != "0")
    assert "Seccomp:\t2" in status


@pytest.mark.parametrize("user", [
    "", "-1", "+0", "0x0", "010", "00", "1e3", "4294967295", "4294967296", "18446744073709551616",
    "0:4294967296", ":0", "1000:", ":", " 0", "0 ", "0\n", "root", "0:root", "1:2:3", "0,0", "½",
    "1000:-1", "0.0", "1_000", "١", "--", "0;0", "NaN", "1000: 0"])
def test_exec_takes_users_as_plain_numbers_only(runtime, sleeper, user):
    """R-18"""
    result = runtime("exec", f"--user={user}", sleeper.id, "id", "-u", check=False)

    if user == "":
        assert result.stdout == "0\n"  # As the container: nothing was asked for.
    else:
        assert (result.returncode, result.stdout) == (1, "")
        assert "--user" in result.stderr


@pytest.mark.parametrize("user, expected", [
    ("0", "0 0"), ("1000:7", "1000 7"), ("2147483648", "2147483648 0"),
    ("4294967294:4294967294", "4294967294 4294967294")])
def test_exec_takes_every_number_that_is_a_user(runtime, sleeper, user, expected):
    """R-18"""
    result = runtime("exec", "--user", user, sleeper.id, "sh", "-c",
                     "awk '/^[UG]id/ {print $2}' /proc/self/status")

    assert result.stdout.split() == expected.split()


@pytest.mark.parametrize("number", range(3, 64, 4))
def test_exec_cannot_be_led_out_by_descriptors(runtime, sleeper, number):
    """R-12"""
    for end in ("", "/..", "/../.."):
        path = f"/proc/self/fd/{number}{end}"
        assert runtime("exec", "--cwd", path, sleeper.id, "pwd", check=False).returncode != 0
        assert runtime("exec", sleeper.id, f"{path}/bin/busybox", "true",
                       check=False).returncode in (126, 127)


def descriptors(pid):
    return sorted(int(each) for each in os.listdir(f"/proc/{pid}/fd"))


def test_programs_have_only_the_standard_descriptors(runtime, sleeper, tmp_path):
    """R-12"""
    extra = [os.open("/", os.O_PATH) for _ in range(3)]
    subprocess.run(runtime.command("exec", "--detach", "--pid-file", tmp_path / "pid", sleeper.id,
                                   "sleep", "50"), pass_fds=extra,
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)
    for each in extra:
        os.close(each)

    assert descriptors(runtime.state(sleeper.id)["pid"]) == [0, 1, 2]
    assert descriptors(int((tmp_path / "pid").read_text())) == [0, 1, 2]


def test_descriptors_are_preserved_on_request(bundle, runtime, tmp_path):
    made = bundle(["sh", "-c", "echo through >&3"])
    target = tmp_path / "target"
    with target.open("w") as stream:
        subprocess.run(runtime.command("run", "--bundle", made, "--preserve-fds", "1", made.id),
                       check=True, timeout=60, close_fds=False,
                       preexec_fn=lambda: os.dup2(stream.fileno(), 3))

    assert target.read_text() == "through\n"
    missing = runtime("run", "--bundle", made, "--preserve-fds", "200", made.id, check=False)
    assert missing.returncode == 1 and "to preserve" in missing.stderr


def test_exec_takes_a_process_from_a_file(runtime, sleeper, tmp_path):
    process = dict(sleeper.process, args=["sh", "-c", "echo $A; pwd; id -u"],
                   env=["A=b", "PATH=/bin"],
                   cwd="/tmp", user={"uid": 1000, "gid": 1000})
    (tmp_path / "process.json").write_text(json.dumps(process))

    result = runtime("exec", "--process", tmp_path / "process.json", sleeper.id)

    assert result.stdout.split() == ["b", "/tmp", "1000"]


def test_exec_adds_to_the_environment_and_keeps_its_own_options(runtime, sleeper):
    result = runtime("exec", "-e", "A=1", "--env", "B=x y", sleeper.id,
                     "sh", "-c", 'echo "$A $B $1"', "sh", "--user")

    assert result.stdout == "1 x y --user\n"


def test_exec_detached_writes_a_pid_file(runtime, sleeper, tmp_path):
    subprocess.run(runtime.command("exec", "--detach", "--pid-file", tmp_path / "pid", sleeper.id,
                                   "sleep", "50"),
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)

    pid = int((tmp_path / "pid").read_text())
    assert pid in json.loads(runtime("ps", "-f", "json", sleeper.id).stdout)


def test_an_exec_that_is_told_to_end_ends_its_program(runtime, sleeper):
    process = runtime.popen("exec", sleeper.id, "sh", "-c",
                            "trap 'exit 9' INT; echo ready; while :; do sleep 0.05; done",
                            stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"

    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 9
    process.stdout.close()


class Terminal:
    """A pty with a program of ours on the other side."""

    def __init__(self, command):
        self.master, peer = pty.openpty()
        self.process = subprocess.Popen(command, stdin=peer, stdout=peer, stderr=peer,
                                        start_new_session=True)
        os.close(peer)
        self.seen = ""

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, text, timeout=60):
        deadline = time.monotonic() + timeout
        while text not in self.seen:
            left = deadline - time.monotonic()
            assert left > 0, f"no {text!r} in {self.seen!r}"
            if select.select([self.master], [], [], left)[0]:
                try:
                    self.seen += os.read(self.master, 4096).decode(errors="replace")
                except OSError:
                    break
        assert text in self.seen

    def close(self):
        status = self.process.wait(60)
        os.close(self.master)
        return status


def test_run_and_exec_give_a_terminal(bundle, runtime):
    made = bundle(["sh", "-c", "tty; stty size; test -t 0 && ls -l /dev/console && cat"])
    made.process["terminal"] = True
    made.process["consoleSize"] = {"height": 33, "width": 99}
    made.save()

    outer = Terminal(runtime.command("run", "--bundle", made, made.id))
    outer.expect("/dev/console\r\n")
    inner = Terminal(runtime.command("exec", "--tty", made.id, "sh", "-c",
                                     "tty; read line; echo got $line; exit 3"))
    inner.expect("/dev/pts/")
    inner.type("hello\r")
    inner.expect("got hello")
    outer.type("echoed\r")
    outer.expect("echoed\r\nechoed")
    outer.type("\x04")

    assert inner.close() == 3
    assert outer.close() == 0
    assert "/dev/pts/0" in outer.seen


def receive_terminal(listening):
    connection, _ = listening.accept()
    _, descriptors, _, _ = socket.recv_fds(connection, 4096, 1)
    connection.close()
    return descriptors[0]


def test_the_console_socket_gets_the_terminal(bundle, runtime, tmp_path):
    made = bundle(["sh", "-c", "echo on $(tty); stty size"])
    made.process["terminal"] = True
    made.process["consoleSize"] = {"height": 21, "width": 77}
    made.save()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(tmp_path / "console"))
        listening.listen()
        create = runtime.popen("create", "--bundle", made, "--console-socket",
                               tmp_path / "console", made.id)
        master = receive_terminal(listening)
        assert create.wait(60) == 0

    runtime("start", made.id)
    text = b""
    while b"77" not in text and select.select([master], [], [], 10)[0]:
        text += os.read(master, 4096)
    os.close(master)

    assert text == b"on /dev/pts/0\r\n21 77\r\n"


def test_a_terminal_without_anyone_to_take_it_is_an_error(bundle, runtime):
    made = bundle(["true"])
    made.process["terminal"] = True
    made.save()

    result = runtime("create", "--bundle", made, made.id, check=False)

    assert result.returncode == 1 and "a terminal needs a console socket" in result.stderr
