"""The life of a container through docker's verbs."""

import json
import re
import signal
import subprocess
import time

import pytest

SLEEP = ("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done")


@pytest.fixture
def start(shared_ikada, busybox_image):
    """start("name", …options) → a container in the background; removed at the end."""
    names = []

    def call(name, *options, command=SLEEP, network="none"):
        names.append(name)
        return shared_ikada("run", "-d", "--name", name, "--network", network, *options,
                            busybox_image, *command).stdout.strip()
    yield call
    for name in names:
        shared_ikada("rm", "-f", "-v", name, check=False)


def output(result):
    return result.stdout.strip()


def state(ikada, name):
    return ikada.inspect(name)["State"]


def test_a_container_from_birth_to_removal(shared_ikada, busybox_image):
    identity = output(shared_ikada("create", "--name", "life", "--network", "none", busybox_image,
                                   "sh", "-c", "echo hello; exit 4"))
    assert re.fullmatch("[0-9a-f]{64}", identity)
    assert state(shared_ikada, "life")["Status"] == "created"

    started = shared_ikada("start", "-a", "life", check=False)
    assert (started.stdout, started.returncode) == ("hello\n", 4)
    life = state(shared_ikada, "life")
    assert (life["Status"], life["ExitCode"], life["Running"]) == ("exited", 4, False)
    assert life["FinishedAt"] > life["StartedAt"] > "2020"

    assert output(shared_ikada("start", "life")) == "life"
    assert output(shared_ikada("wait", "life")) == "4"
    assert shared_ikada("logs", "life").stdout == "hello\nhello\n"
    assert output(shared_ikada("rm", "life")) == "life"
    assert shared_ikada("inspect", "life", check=False).returncode == 1


def test_ps_shows_what_runs_and_with_a_everything(shared_ikada, start):
    running = start("ps-running", "--label", "tier=web")
    ended = start("ps-ended", command=("false",))
    assert output(shared_ikada("wait", "ps-ended")) == "1"

    lines = shared_ikada("ps").stdout.splitlines()
    assert re.split(r"\s{2,}", lines[0].strip()) == [
        "CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"]
    assert any(line.startswith(running[:12]) and line.endswith("ps-running") for line in lines)
    assert not any("ps-ended" in line for line in lines)
    assert {running, ended} <= set(shared_ikada.containers())
    assert output(shared_ikada("ps", "-aqf", "exited=1")) == ended[:12]
    assert output(shared_ikada("ps", "-qf", "label=tier=web")) == running[:12]
    assert output(shared_ikada("ps", "-a", "-f", "name=^ps-ended$", "--format", "{{.Status}}")
                  ).startswith("Exited (1) ")
    row = json.loads(shared_ikada("ps", "-f", "name=ps-running", "--format", "json").stdout)
    assert row["State"] == "running"
    assert row["Names"] == "ps-running"
    assert output(shared_ikada("ps", "-lq")) == ended[:12]


def test_names_ids_and_beginnings_of_ids_are_one_container(shared_ikada, start):
    identity = start("many-names")

    for name in ("many-names", "/many-names", identity, identity[:12], identity[:9]):
        assert shared_ikada.inspect(name)["Id"] == identity


def test_a_name_is_taken_once(shared_ikada, start, busybox_image):
    identity = start("taken")

    again = shared_ikada("run", "-d", "--name", "taken", busybox_image, "true", check=False)

    assert again.returncode == 125
    assert again.stderr == (
        f'ikada run: Conflict. The container name "/taken" is already in use by container '
        f'"{identity}". You have to remove (or rename) that container to be able to reuse that '
        f"name.\n")
    assert len([each for each in shared_ikada.containers() if each == identity]) == 1


def test_of_many_at_once_one_gets_the_name(shared_ikada, busybox_image):
    commands = [shared_ikada.popen("create", "--name", "raced", "--network", "none", busybox_image,
                                   "true", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                for _ in range(8)]
    statuses = sorted(command.wait(timeout=60) for command in commands)
    for command in commands:
        command.stdout.close()
        command.stderr.close()

    assert statuses == [0] + [125] * 7
    shared_ikada("rm", "raced")


def test_stop_is_gentle_then_kills(shared_ikada, start):
    start("gentle")
    shared_ikada.await_trap("gentle", signal.SIGTERM)
    assert output(shared_ikada("stop", "gentle")) == "gentle"
    assert state(shared_ikada, "gentle")["ExitCode"] == 0

    start("stubborn", "--stop-timeout", "100",
          command=("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"))
    before = time.monotonic()
    shared_ikada("stop", "-t", "1", "stubborn")
    assert 0.9 < time.monotonic() - before < 50
    assert state(shared_ikada, "stubborn")["ExitCode"] == 137
    # Stopping what does not run is no mistake.
    shared_ikada("stop", "stubborn")


def test_the_stop_signal_is_the_containers(shared_ikada, start):
    start("signalled", "--stop-signal", "USR1", "--stop-timeout", "20",
          command=("sh", "-c", "trap 'exit 12' USR1; while :; do sleep 0.1; done"))
    shared_ikada.await_trap("signalled", signal.SIGUSR1)

    shared_ikada("stop", "signalled")

    assert state(shared_ikada, "signalled")["ExitCode"] == 12


def test_kill_sends_any_signal(shared_ikada, start):
    start("killed", command=("sh", "-c", "trap 'exit 9' HUP; while :; do sleep 0.1; done"))
    shared_ikada.await_trap("killed", signal.SIGHUP)

    shared_ikada("kill", "-s", "hup", "killed")

    assert output(shared_ikada("wait", "killed")) == "9"
    again = shared_ikada("kill", "killed", check=False)
    assert again.returncode == 1
    assert "is not running" in again.stderr
    assert shared_ikada("kill", "-s", "NOPE", "killed", check=False).stderr == (
        "ikada kill: Invalid signal: NOPE\n")


def test_restart_gives_a_new_process_in_the_same_container(shared_ikada, start):
    start("restarted")
    shared_ikada("exec", "restarted", "touch", "/kept")
    first = state(shared_ikada, "restarted")["Pid"]

    shared_ikada("restart", "-t", "5", "restarted")

    assert state(shared_ikada, "restarted")["Pid"] not in (0, first)
    shared_ikada("exec", "restarted", "test", "-e", "/kept")
    # Starting what runs is no mistake.
    assert output(shared_ikada("start", "restarted")) == "restarted"


def test_rm_refuses_what_runs_unless_forced(shared_ikada, start):
    start("busy")

    refused = shared_ikada("rm", "busy", check=False)
    assert refused.returncode == 1
    assert 'cannot remove container "/busy": container is running' in refused.stderr

    assert output(shared_ikada("rm", "-f", "busy")) == "busy"
    assert shared_ikada("rm", "busy", check=False).stderr == "ikada rm: No such container: busy\n"
    assert shared_ikada("rm", "-f", "busy").returncode == 0


def test_rm_v_takes_the_anonymous_volumes_along(shared_ikada, start):
    start("voluminous", "-v", "/anonymous", "-v", "named-volume:/named")
    mounts = shared_ikada.inspect("voluminous")["Mounts"]
    anonymous = next(each["Name"] for each in mounts if each["Destination"] == "/anonymous")
    volumes = shared_ikada.root / "volumes"
    assert (volumes / anonymous).exists()

    shared_ikada("rm", "-f", "-v", "voluminous")

    assert not (volumes / anonymous).exists()
    assert (volumes / "named-volume").exists()


def test_exec_is_in_the_container(shared_ikada, start):
    start("execed", "-e", "FROM=container", "-w", "/srv", "--hostname", "box")

    def run(*words, **settings):
        return shared_ikada("exec", *words, **settings)

    assert output(run("execed", "hostname")) == "box"
    assert output(run("execed", "sh", "-c", "echo $FROM $PWD")) == "container /srv"
    both = run("-e", "FROM=exec", "-w", "/tmp", "execed", "sh", "-c", "echo $FROM $PWD")
    assert output(both) == "exec /tmp"
    assert output(run("-u", "1000:1001", "execed", "sh", "-c", "id -u; id -g")) == "1000\n1001"
    assert output(run("-i", "execed", "cat", input="typed")) == "typed"
    assert output(run("execed", "cat", input="typed")) == ""
    assert run("execed", "sh", "-c", "exit 7", check=False).returncode == 7
    assert run("execed", "no-such-program", check=False).returncode == 127
    assert run("execed", "/etc/passwd", check=False).returncode == 126
    assert re.search(r"CapEff:\t00000000a80425fb",
                     run("execed", "cat", "/proc/self/status").stdout)
    assert re.search(r"Seccomp:\t2", run("execed", "cat", "/proc/self/status").stdout)


@pytest.mark.parametrize("user", ["-1", "+0", "0x0", "2147483648", "4294967296", ":0", "0:", "who"])
def test_exec_refuses_users_that_are_none(shared_ikada, start, user):
    start("exec-user")

    result = shared_ikada("exec", "-u", user, "exec-user", "id", check=False)

    assert result.returncode in (1, 125, 126)
    assert result.stdout == ""


@pytest.mark.parametrize("path", ["/proc/self/fd/3", "/proc/self/fd/7/../..", "/proc/1/fd/10",
                                  "relative"])
def test_exec_refuses_directories_outside(shared_ikada, start, path):
    start("exec-cwd")

    result = shared_ikada("exec", "-w", path, "exec-cwd", "pwd", check=False)

    assert result.returncode != 0
    assert result.stdout == ""


def test_exec_needs_a_container_that_runs(shared_ikada, start):
    start("ended-exec", command=("true",))
    shared_ikada("wait", "ended-exec")

    result = shared_ikada("exec", "ended-exec", "true", check=False)
    assert result.returncode == 1
    assert "is not running" in result.stderr
    assert shared_ikada("exec", "nobody", "true", check=False).stderr == (
        "ikada exec: No such container: nobody\n")
    assert shared_ikada("exec", "--nope", "x", "y", check=False).returncode == 125


def test_exec_in_the_background(shared_ikada, start):
    start("background")

    shared_ikada("exec", "-d", "background", "sh", "-c", "sleep 0.2; touch /made")

    deadline = time.monotonic() + 60
    while shared_ikada("exec", "background", "test", "-e", "/made", check=False).returncode != 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_pause_and_unpause(shared_ikada, start):
    start("frozen", command=("sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done"))

    shared_ikada("pause", "frozen")
    assert state(shared_ikada, "frozen")["Status"] == "paused"
    assert "(Paused)" in shared_ikada("ps", "-f", "name=frozen").stdout
    before = None
    deadline = time.monotonic() + 60
    while before != (now := shared_ikada("logs", "frozen").stdout):  # What was on its way comes.
        assert time.monotonic() < deadline
        before = now
        time.sleep(0.3)
    assert "is paused" in shared_ikada("exec", "frozen", "true", check=False).stderr

    shared_ikada("unpause", "frozen")
    assert state(shared_ikada, "frozen")["Status"] == "running"
    assert "is not paused" in shared_ikada("unpause", "frozen", check=False).stderr


def test_a_paused_container_can_be_stopped(shared_ikada, start):
    start("frozen-stop")
    shared_ikada("pause", "frozen-stop")

    shared_ikada("stop", "-t", "5", "frozen-stop")

    assert state(shared_ikada, "frozen-stop")["Status"] == "exited"


def test_wait_gives_the_code_also_of_a_container_that_removes_itself(shared_ikada, busybox_image):
    name = output(shared_ikada("run", "-d", "--rm", "--network", "none", busybox_image,
                               "sh", "-c", "sleep 0.3; exit 6"))

    assert output(shared_ikada("wait", name)) == "6"
    assert name not in shared_ikada.containers()


def test_stats_have_numbers(shared_ikada, start):
    start("busy-loop", command=("sh", "-c", "while :; do :; done"))

    rows = shared_ikada("stats", "--no-stream", "--format", "json", "busy-loop").stdout
    row = json.loads(rows)

    assert row["Name"] == "busy-loop"
    assert float(row["CPUPerc"].rstrip("%")) > 1
    assert int(row["PIDs"]) == 1
    table = shared_ikada("stats", "--no-stream").stdout.splitlines()
    assert table[0].split("  ")[0] == "CONTAINER ID"


def test_inspect_has_dockers_fields(shared_ikada, start, busybox_image):
    identity = start("inspected", "-e", "A=1", "--label", "k=v", "-v", "inspected-vol:/data:ro",
                     "--cap-add", "NET_ADMIN")

    found = shared_ikada.inspect("inspected")

    assert found["Id"] == identity
    assert found["Name"] == "/inspected"
    assert found["Path"] == "sh"
    assert "A=1" in found["Config"]["Env"]
    assert found["Config"]["Labels"]["k"] == "v"
    assert found["Config"]["Image"] == busybox_image
    assert found["HostConfig"]["NetworkMode"] == "none"
    assert found["HostConfig"]["CapAdd"] == ["NET_ADMIN"]
    assert found["Mounts"][0]["RW"] is False
    assert output(shared_ikada("inspect", "-f", "{{.State.Status}} {{json .Config.Labels}}",
                               "inspected")) == 'running {"k":"v"}'
    image = json.loads(shared_ikada("inspect", busybox_image).stdout)[0]
    assert image["Id"] == found["Image"]
    assert busybox_image in image["RepoTags"]
    missing = shared_ikada("inspect", "nothing-here", check=False)
    assert missing.returncode == 1
    assert missing.stdout == "[]\n"
    assert missing.stderr == "ikada inspect: No such object: nothing-here\n"


def test_another_containers_network_can_be_joined(shared_ikada, start, busybox_image):
    start("net-owner")

    def namespace(*options):
        return output(shared_ikada("run", "--rm", *options, busybox_image, "readlink",
                                   "/proc/self/ns/net"))

    assert namespace("--network", "container:net-owner") == output(
        shared_ikada("exec", "net-owner", "readlink", "/proc/1/ns/net"))
    assert namespace("--network", "none") != namespace("--network", "container:net-owner")
