"""Limits of containers started by `ikada run`, on pure cgroup v2."""

import time

import pytest

from conftest import CGROUPS
from test_runtime_limits import EAT_MEMORY, MEBIBYTE, stat_of, wait_until


@pytest.fixture
def start(ikada, busybox_image):
    """start("name", options, script) → the cgroup of a container in the background."""
    def call(name, options, script):
        identity = ikada("run", "-d", "--name", name, "--network", "none", *options, busybox_image,
                         "sh", "-c", script).stdout.strip()
        return CGROUPS / "ikada" / identity
    return call


def test_an_oom_kill_ends_run_with_137_and_is_on_record(ikada, busybox_image):
    result = ikada("run", "--name", "greedy", "--network", "none", "-m", "32m", "--memory-swap",
                   "32m", busybox_image, "sh", "-c", EAT_MEMORY, check=False)

    state = ikada.inspect("greedy")["State"]
    assert result.returncode == 137, result.stderr
    assert (state["OOMKilled"], state["ExitCode"], state["Status"]) == (True, 137, "exited")
    assert ikada("ps", "-a", "--format", "{{.Status}}").stdout.startswith("Exited (137) ")


def test_a_kill_that_is_no_oom_kill_has_no_flag(ikada, start):
    start("killed", ["-m", "32m"], "exec sleep 100")

    ikada("kill", "killed")

    assert ikada("wait", "killed").stdout == "137\n"
    assert ikada.inspect("killed")["State"]["OOMKilled"] is False


def test_the_memory_limit_is_the_kernels_and_can_be_changed(ikada, start):
    cgroup = start("sized", ["-m", "32m"], "exec sleep 100")
    before = (cgroup / "memory.max").read_text()

    ikada("update", "-m", "48m", "--pids-limit", "9", "--cpus", "0.3", "sized")

    assert before == f"{32 * MEBIBYTE}\n"
    assert (cgroup / "memory.max").read_text() == f"{48 * MEBIBYTE}\n"
    assert (cgroup / "pids.max").read_text() == "9\n"
    assert (cgroup / "cpu.max").read_text() == "30000 100000\n"
    assert "/ 48MiB" in ikada("stats", "--no-stream", "sized").stdout


def test_a_fork_bomb_stays_within_the_pids_limit(start):
    cgroup = start("bomb", ["--pids-limit", "6"],
                   "(while :; do sleep 100 & done) 2>/dev/null; exec sleep 100")

    wait_until(lambda: stat_of(cgroup / "pids.events")["max"] > 0)

    assert (cgroup / "pids.max").read_text() == "6\n"
    assert len((cgroup / "cgroup.procs").read_text().split()) <= 6


def test_a_cpu_quota_throttles(start):
    cgroup = start("spinning", ["--cpus", "0.2"], "while :; do :; done")
    before = stat_of(cgroup / "cpu.stat")
    time.sleep(3)
    after = stat_of(cgroup / "cpu.stat")

    assert (cgroup / "cpu.max").read_text() == "20000 100000\n"
    assert after["nr_throttled"] - before["nr_throttled"] >= 10
    assert 0.1 < (after["usage_usec"] - before["usage_usec"]) / 3e6 < 0.35


def test_pause_stops_a_container_and_unpause_lets_it_go_on(ikada, start):
    cgroup = start("paused", [], "while :; do :; done")
    usage = lambda: stat_of(cgroup / "cpu.stat")["usage_usec"]

    ikada("pause", "paused")
    state = ikada.inspect("paused")["State"]
    before = usage()
    time.sleep(0.5)

    assert (state["Status"], state["Paused"]) == ("paused", True)
    assert "(Paused)" in ikada("ps", "--format", "{{.Status}}").stdout
    assert stat_of(cgroup / "cgroup.events")["frozen"] == 1
    assert usage() - before < 20000
    ikada("unpause", "paused")
    wait_until(lambda: usage() - before > 100000)
