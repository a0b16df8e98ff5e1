"""create, start, state, kill, delete, run, list, ps, pause and resume of ikada-runtime."""

import json
import os
import signal
import subprocess
import time

import pytest


def test_run_returns_what_the_program_ends_with(bundle, runtime):
    assert runtime.run(bundle(["sh", "-c", "exit 7"])).returncode == 7


def test_run_passes_output_on_and_leaves_nothing(bundle, runtime):
    result = runtime.run(bundle(["echo", "hello"], docker_like=True))

    assert (result.returncode, result.stdout, result.stderr) == (0, "hello\n", "")
    assert list(runtime.root.iterdir()) == []


@pytest.mark.parametrize("program, status, text", [
    ("nosuch", 127, "exec nosuch: No such file or directory"),
    ("/bin/nosuch", 127, "exec /bin/nosuch: No such file or directory"),
    ("/etc/passwd", 126, "exec /etc/passwd: Permission denied"),
    ("/etc", 126, "exec /etc: Permission denied"),
])
def test_a_program_that_cannot_run_has_a_status_and_a_reason(
        bundle, runtime, program, status, text):
    made = bundle([program])

    result = runtime.run(made)

    assert result.returncode == status
    assert result.stderr == f"ikada-runtime run: container {made.id}: {text}\n"
    assert list(runtime.root.iterdir()) == []


def test_a_created_container_waits_for_start(bundle, runtime, tmp_path):
    made = bundle(["sh", "-c", "echo started; sleep 100"])
    output = tmp_path / "output"
    pid_file = tmp_path / "pid"

    with output.open("w") as stream:
        runtime_create(runtime, made, stream, pid_file)
    state = runtime.state(made.id)
    before = output.read_text()
    runtime("start", made.id)
    runtime.wait_for(made.id, "running")

    assert state["status"] == "created"
    assert state["ociVersion"].startswith("1.")
    assert state["pid"] == int(pid_file.read_text())
    assert state["bundle"] == str(made)
    assert before == ""
    assert wait_for_text(output) == "started\n"
    runtime("delete", "--force", made.id)


def runtime_create(runtime, made, stream, pid_file):
    subprocess.run(runtime.command("create", "--bundle", made, "--pid-file", pid_file, made.id),
                   stdout=stream, stdin=subprocess.DEVNULL, check=True, timeout=60)


def wait_for_text(path):
    deadline = time.monotonic() + 60
    while not path.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    return path.read_text()


def create(runtime, made):
    """Without pipes of ours, which the container would hold open."""
    subprocess.run(runtime.command("create", "--bundle", made, made.id), stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, check=True, timeout=60)


@pytest.fixture
def sleeper(bundle, runtime):
    made = bundle(["sleep", "100"])
    create(runtime, made)
    runtime("start", made.id)
    yield made
    runtime("delete", "--force", made.id)


def test_start_reports_why_exec_failed(bundle, runtime):
    made = bundle(["nosuch"])
    create(runtime, made)

    result = runtime("start", made.id, check=False)

    assert result.returncode == 127
    assert "exec nosuch: No such file or directory" in result.stderr
    runtime.wait_for(made.id, "stopped")
    runtime("delete", made.id)


def test_a_container_starts_once(runtime, sleeper):
    result = runtime("start", sleeper.id, check=False)

    assert result.returncode == 1
    assert f"container {sleeper.id} is running, not created" in result.stderr


def test_an_id_is_used_once(runtime, sleeper):
    result = runtime("create", "--bundle", sleeper, sleeper.id, check=False)

    assert result.returncode == 1
    assert f"container {sleeper.id} exists already" in result.stderr
    assert runtime.state(sleeper.id)["status"] == "running"


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "-x-", "a b", "é", "x" * 1025])
def test_an_id_is_a_plain_name(bundle, runtime, name):
    result = runtime("create", "--bundle", bundle(), "--", name, check=False)

    assert result.returncode == 1
    assert "invalid container id" in result.stderr


def test_a_running_container_is_not_deleted_unless_forced(runtime, sleeper):
    refused = runtime("delete", sleeper.id, check=False)
    runtime("delete", "--force", sleeper.id)
    gone = runtime("state", sleeper.id, check=False)

    assert refused.returncode == 1 and "is not stopped but running" in refused.stderr
    assert gone.returncode == 1 and f"container {sleeper.id} does not exist" in gone.stderr
    assert runtime("delete", "--force", sleeper.id).returncode == 0


@pytest.mark.parametrize("word", ["KILL", "SIGKILL", "kill", "9"])
def test_kill_takes_signals_in_every_form(runtime, sleeper, word):
    runtime("kill", sleeper.id, word)

    runtime.wait_for(sleeper.id, "stopped")
    runtime("delete", sleeper.id)


def test_kill_refuses_what_is_no_signal(runtime, sleeper):
    for word in ("0", "-1", "65", "NOSUCH", "9x"):
        assert runtime("kill", "--", sleeper.id, word, check=False).returncode == 1


def test_kill_all_reaches_every_process(bundle, runtime):
    made = bundle(["sh", "-c", "sleep 100 & sleep 100 & wait"])
    made.drop_namespace("pid")
    made.save()
    create(runtime, made)
    runtime("start", made.id)
    while len(json.loads(runtime("ps", "--format", "json", made.id).stdout)) < 3:
        time.sleep(0.01)

    runtime("kill", "--all", made.id, "KILL")

    runtime.wait_for(made.id, "stopped")
    while json.loads(runtime("ps", "--format", "json", made.id).stdout):
        time.sleep(0.01)
    runtime("delete", made.id)


def test_list_and_ps_know_the_container(runtime, sleeper):
    listed = json.loads(runtime("list", "--format", "json").stdout)
    pids = json.loads(runtime("ps", "--format", "json", sleeper.id).stdout)

    assert [(each["id"], each["status"]) for each in listed] == [(sleeper.id, "running")]
    assert pids == [runtime.state(sleeper.id)["pid"]]
    assert runtime("list", "--quiet").stdout == f"{sleeper.id}\n"


def test_pause_stops_and_resume_goes_on(runtime, sleeper):
    runtime("pause", sleeper.id)
    paused = runtime.state(sleeper.id)["status"]
    refused = runtime("exec", sleeper.id, "true", check=False)
    runtime("resume", sleeper.id)

    assert paused == "paused"
    assert refused.returncode == 1 and "is paused" in refused.stderr
    assert runtime.state(sleeper.id)["status"] == "running"
    assert runtime("exec", sleeper.id, "true").returncode == 0


def test_run_forwards_signals(bundle, runtime):
    made = bundle(["sh", "-c", "trap 'exit 42' TERM; echo ready; while :; do sleep 0.05; done"])
    process = runtime.popen("run", "--bundle", made, made.id, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"

    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 42
    process.stdout.close()


def test_a_leftover_of_a_killed_create_is_taken_over(bundle, runtime):
    made = bundle(["true"])
    directory = runtime.root / made.id
    directory.mkdir(parents=True)

    assert runtime.run(made).returncode == 0

    directory.mkdir()
    assert runtime("delete", "--force", made.id).returncode == 0
    assert not directory.exists()


@pytest.mark.parametrize("delay_ms", range(0, 30, 2))
def test_kill_9_at_any_moment_leaves_what_the_next_command_cleans(bundle, runtime, delay_ms):
    made = bundle(["sleep", "100"], docker_like=True)
    process = runtime.popen("run", "--bundle", made, made.id, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(delay_ms / 1000)
    process.kill()
    process.wait()

    runtime("delete", "--force", made.id)

    assert runtime.run(bundle(["true"], container_id=made.id)).returncode == 0


def test_two_creates_at_once_make_one_container(bundle, runtime):
    made = bundle(["sleep", "100"])
    processes = [runtime.popen("create", "--bundle", made, made.id, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                 for _ in range(6)]

    statuses = sorted(process.wait(60) for process in processes)

    assert statuses == [0, 1, 1, 1, 1, 1]
    runtime("delete", "--force", made.id)


def test_the_log_file_tells_an_engine_why(bundle, runtime, tmp_path):
    made = bundle(["nosuch"])
    log = tmp_path / "log"

    runtime("--log", log, "--log-format", "json", "run", "--bundle", made, made.id, check=False)

    entry = json.loads(log.read_text())
    assert entry["level"] == "error"
    assert entry["msg"].endswith("exec nosuch: No such file or directory")


def test_spec_writes_a_bundle_that_runs(runtime, busybox_rootfs, tmp_path):
    os.symlink(busybox_rootfs, tmp_path / "rootfs")
    runtime("spec", "--bundle", tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["process"]["terminal"] = False
    config["process"]["args"] = ["echo", "works"]
    (tmp_path / "config.json").write_text(json.dumps(config))

    assert runtime("run", "--bundle", tmp_path, "spec-test").stdout == "works\n"
    assert runtime("spec", "--bundle", tmp_path, check=False).returncode == 1


def test_features_are_json(runtime):
    features = json.loads(runtime("features").stdout)

    assert features["linux"]["cgroup"]["v2"] is True
    assert "CAP_CHOWN" in features["linux"]["capabilities"]


def test_hooks_get_the_state_in_the_order_of_the_specification(bundle, runtime, tmp_path):
    log = tmp_path / "log"
    made = bundle(["true"])
    made.config["hooks"] = {
        kind: [{"path": "/bin/sh", "args": ["sh", "-c", f"echo {kind} $(cat) >> {log}"]}]
        for kind in ("prestart", "createRuntime", "createContainer", "poststart", "poststop")}
    made.config["hooks"]["startContainer"] = [
        {"path": "/bin/sh", "args": ["sh", "-c", "read state; echo inside: $state"]}]
    made.save()

    result = runtime.run(made)

    lines = [line.split(" ", 1) for line in log.read_text().splitlines()]
    assert [kind for kind, _ in lines] == [
        "prestart", "createRuntime", "createContainer", "poststart", "poststop"]
    states = [json.loads(text) for _, text in lines]
    assert [each["status"] for each in states] == [
        "creating", "creating", "created", "running", "stopped"]
    assert all(each["id"] == made.id for each in states)
    assert result.stdout.startswith("inside: {")


def test_a_hook_that_fails_ends_the_creation(bundle, runtime):
    made = bundle(["true"])
    made.config["hooks"] = {"createContainer": [{"path": "/bin/false"}]}
    made.save()

    result = runtime.run(made)

    assert result.returncode == 1
    assert "createContainer hook 0 ended with status 1" in result.stderr
    assert list(runtime.root.iterdir()) == []


@pytest.mark.parametrize("words, text", [
    ([], "expected a limit to change"), (["--memory", "lots"], "--memory: "),
    (["--pids-limit", "-2"], "--pids-limit: "), (["--cpu-share", "1e3"], "--cpu-share: "),
    (["-r", "/nonexistent"], "No such file or directory"), (["--memory-swap", "1g"],
                                                            "needs memory.limit")])
def test_update_says_what_is_wrong(runtime, sleeper, words, text):
    result = runtime("update", *words, sleeper.id, check=False)

    assert result.returncode == 1
    assert text in result.stderr


def test_update_and_events_want_a_container_that_runs(bundle, runtime):
    made = bundle(["true"])
    create(runtime, made)
    runtime("kill", made.id, "KILL")
    runtime.wait_for(made.id, "stopped")

    update = runtime("update", "--pids-limit", "5", made.id, check=False)
    events = runtime("events", "--stats", made.id, check=False)

    assert f"container {made.id} is stopped" in update.stderr
    assert f"container {made.id} is not running" in events.stderr
    assert "does not exist" in runtime("update", "-m", "1g", "nobody", check=False).stderr


def test_events_print_lines_of_json_until_the_end(bundle, runtime):
    made = bundle(["sleep", "1000"])
    with runtime.popen("run", "--bundle", made, made.id, stdin=subprocess.DEVNULL):
        while not (runtime.root / made.id / "state.json").exists() or \
                runtime.state(made.id)["status"] != "running":
            time.sleep(0.02)

        with runtime.popen("events", "--interval", "1", made.id, stdout=subprocess.PIPE,
                           text=True) as watching:
            lines = [watching.stdout.readline() for _ in range(2)]
            runtime("kill", made.id, "KILL")
            lines += watching.stdout.readlines()
    assert watching.returncode == 0

    events = [json.loads(line) for line in lines]
    assert all(each["type"] == "stats" and each["id"] == made.id for each in events)
    assert events[-1]["data"]["cpu"]["usage"]["total"] > 0
