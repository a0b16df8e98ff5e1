"""Limits of containers started by ikada-runtime."""

import json
import subprocess
import time

import pytest

MEBIBYTE = 1 << 20
# Each line of the shell's variable is doubled until memory runs out.
EAT_MEMORY = "x=0123456789abcdef; while :; do x=$x$x; done"


def stat_of(path):
    return {key: int(value) for key, value in
            (line.split() for line in path.read_text().splitlines())}


@pytest.fixture
def started(runtime):
    """started(bundle) creates and starts it in the background."""
    def start(bundle):
        # Pipes would stay open as long as the container has them.
        subprocess.run(runtime.command("create", "--bundle", bundle, bundle.id), check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=60)
        runtime("start", bundle.id)
        return bundle
    return start


def wait_until(condition, timeout=20):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_container_that_takes_too_much_memory_ends_with_137(runtime, bundle):
    limits = {"memory": {"limit": 32 * MEBIBYTE, "swap": 32 * MEBIBYTE}}
    result = runtime.run(bundle(EAT_MEMORY, limits))
    assert result.returncode == 137, result.stderr


def test_an_oom_kill_is_counted_in_the_cgroup(runtime, bundle, started):
    limits = {"memory": {"limit": 32 * MEBIBYTE, "swap": 32 * MEBIBYTE}}
    container = started(bundle(f"({EAT_MEMORY}); sleep 100", limits))
    events = container.cgroup / "memory.events"
    wait_until(lambda: stat_of(events)["oom_kill"] == 1)
    assert (container.cgroup / "memory.max").read_text() == f"{32 * MEBIBYTE}\n"


def test_a_fork_bomb_stays_small(runtime, bundle, started):
    container = started(bundle("while :; do sleep 100 & done 2>/dev/null; sleep 100",
                               {"pids": {"limit": 6}}))
    wait_until(lambda: stat_of(container.cgroup / "pids.events")["max"] > 0)
    assert len((container.cgroup / "cgroup.procs").read_text().split()) <= 6


def test_a_cpu_quota_throttles(runtime, bundle, started):
    quota = {"cpu": {"quota": 20000, "period": 100000}}
    container = started(bundle("while :; do :; done", quota))
    before = stat_of(container.cgroup / "cpu.stat")
    time.sleep(3)
    after = stat_of(container.cgroup / "cpu.stat")
    assert after["nr_throttled"] - before["nr_throttled"] >= 10
    used = (after["usage_usec"] - before["usage_usec"]) / 3e6
    assert 0.1 < used < 0.35


def test_pause_stops_a_container_and_resume_lets_it_go_on(runtime, bundle, started):
    container = started(bundle("while :; do :; done"))
    usage = lambda: stat_of(container.cgroup / "cpu.stat")["usage_usec"]
    runtime("pause", container.id)
    assert runtime.state(container.id)["status"] == "paused"
    assert stat_of(container.cgroup / "cgroup.events")["frozen"] == 1
    before = usage()
    time.sleep(0.5)
    assert usage() - before < 20000
    runtime("resume", container.id)
    assert runtime.state(container.id)["status"] == "running"
    before = usage()
    wait_until(lambda: usage() - before > 100000)


def test_a_paused_container_can_be_deleted(runtime, bundle, started):
    container = started(bundle("sleep 100"))
    runtime("pause", container.id)
    runtime("delete", "--force", container.id)
    assert not container.cgroup.exists()


def test_kill_all_reaches_every_process(runtime, bundle, started):
    container = started(bundle("sleep 100 & sleep 100 & sleep 100"))
    wait_until(lambda: len((container.cgroup / "cgroup.procs").read_text().split()) >= 3)
    runtime("kill", "--all", container.id, "KILL")
    wait_until(lambda: stat_of(container.cgroup / "cgroup.events")["populated"] == 0)


def test_the_files_say_what_the_config_says(runtime, bundle, started):
    container = started(bundle("sleep 100", {
        "memory": {"limit": 64 * MEBIBYTE, "swap": 96 * MEBIBYTE, "reservation": 16 * MEBIBYTE},
        "cpu": {"shares": 1024, "quota": 50000, "period": 100000},
        "pids": {"limit": 77},
        "unified": {"memory.high": str(48 * MEBIBYTE)},
    }))
    expected = {
        "memory.max": str(64 * MEBIBYTE), "memory.low": str(16 * MEBIBYTE),
        "memory.high": str(48 * MEBIBYTE), "cpu.weight": "100", "cpu.max": "50000 100000",
        "pids.max": "77",
    }
    found = {name: (container.cgroup / name).read_text().strip() for name in expected}
    assert found == expected
    swap = container.cgroup / "memory.swap.max"
    assert not swap.exists() or swap.read_text().strip() == str(32 * MEBIBYTE)


def test_update_changes_the_limits_it_names(runtime, bundle, started):
    container = started(bundle("sleep 100", {"memory": {"limit": 64 * MEBIBYTE},
                                             "pids": {"limit": 77}}))
    value = lambda name: (container.cgroup / name).read_text().strip()

    runtime("update", "--memory", "32m", container.id)
    assert (value("memory.max"), value("pids.max")) == (str(32 * MEBIBYTE), "77")
    runtime("update", "--pids-limit", "5", "--cpu-quota", "20000", "--cpu-share=512", container.id)
    assert (value("memory.max"), value("pids.max")) == (str(32 * MEBIBYTE), "5")
    assert value("cpu.max") == "20000 100000"
    assert 1 < int(value("cpu.weight")) < 100
    runtime("update", "-r", "-", "-m", "48m", container.id,
            input=json.dumps({"pids": {"limit": 9}, "memory": {"limit": 1}}))
    assert (value("memory.max"), value("pids.max")) == (str(48 * MEBIBYTE), "9")
    runtime("update", "-m", "-1", "--pids-limit=-1", container.id)
    assert (value("memory.max"), value("pids.max")) == ("max", "max")


def test_update_holds_for_what_runs_already(runtime, bundle, started):
    container = started(bundle("while :; do sleep 0.1 & wait; done"))
    runtime("update", "--pids-limit", "1", container.id)
    wait_until(lambda: stat_of(container.cgroup / "pids.events")["max"] > 0)


def test_events_tell_what_a_container_uses(runtime, bundle, started):
    container = started(bundle("while :; do :; done", {"memory": {"limit": 64 * MEBIBYTE},
                                                      "pids": {"limit": 77}}))
    wait_until(lambda: stat_of(container.cgroup / "cpu.stat")["usage_usec"] > 100_000)
    event = json.loads(runtime("events", "--stats", container.id).stdout)
    assert (event["type"], event["id"]) == ("stats", container.id)
    assert event["data"]["cpu"]["usage"]["total"] > 100_000_000
    assert event["data"]["memory"]["usage"]["limit"] == 64 * MEBIBYTE
    assert 0 < event["data"]["memory"]["usage"]["usage"] < 64 * MEBIBYTE
    assert event["data"]["pids"] == {"current": 1, "limit": 77}


def test_events_end_with_the_container_and_tell_of_want_of_memory(runtime, bundle, started):
    limits = {"memory": {"limit": 32 * MEBIBYTE, "swap": 32 * MEBIBYTE}}
    container = started(bundle(f"sleep 2; ({EAT_MEMORY}); sleep 2", limits))
    output = runtime("events", "--interval", "1s", container.id).stdout
    assert {json.loads(line)["type"] for line in output.splitlines()} == {"stats", "oom"}


def test_a_missing_controller_is_named(runtime, bundle):
    result = runtime.run(bundle("true", {"cpu": {"cpus": "0"}}))
    assert result.returncode != 0
    assert "cgroup controller cpuset is not available at /sys/fs/cgroup" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_without_limits_nothing_is_left_behind(runtime, bundle):
    container = bundle("true")
    assert runtime.run(container).returncode == 0
    assert not container.cgroup.exists()


@pytest.mark.parametrize("node,allowed", [
    ("c 1 3", True), ("c 1 5", True), ("c 5 0", True), ("c 10 200", True), ("c 1 1", False),
    ("c 10 229", False), ("b 98 0", False), ("b 7 0", False)])
def test_d5_devices_in_a_container(runtime, bundle, node, allowed):
    script = f"mknod /tmp/node {node} && : </tmp/node"
    container = bundle(script, {"devices": [{"allow": False, "access": "rwm"}]})
    container.config["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs",
                                       "options": ["nosuid"]})
    container.save()
    result = runtime.run(container)
    refused = "Operation not permitted" in result.stderr
    assert refused != allowed, json.dumps([result.returncode, result.stdout, result.stderr])
