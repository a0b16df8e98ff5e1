"""kill -9 of any program of ikada leaves nothing that the next command does not clean up."""

import json
import os
import pathlib
import random
import signal
import subprocess
import time

import pytest

import leaks
from monitors import wait_until
from task_host import has_ended

ATTEMPTS = int(os.environ.get("IKADA_RECOVERY_ATTEMPTS", "25"))


def files_of(ikada):
    found = set()
    for root in (ikada.root / "containers", ikada.root / "names", ikada.root / "active",
                 ikada.root / "volumes", ikada.run_root / "containers", ikada.run_root / "runtime"):
        if root.exists():
            found.update(str(each) for each in root.iterdir() if each.name != ".lock")
    return found


def monitor_of(ikada, container):
    """The monitor's pid: the parent of the first process."""
    pid = ikada.inspect(container)["State"]["Pid"]
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("PPid:")))


def wait_for_end(pid):
    wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("network", ["none", "bridge"])
@pytest.mark.parametrize("mode", [("--rm",), ("-d", "--rm"), ("-d",)])
def test_run_killed_at_a_random_moment(shared_ikada, busybox_image, mode, network):
    shared_ikada("ps", "-a")
    shared_ikada("run", "--rm", "--network", network, busybox_image, "true")
    before, kernel_before = files_of(shared_ikada), leaks.snapshot()
    for attempt in range(ATTEMPTS):
        command = shared_ikada.popen(
            "run", *mode, "--name", f"victim-{attempt}", "--network", network, "-v", "/anonymous",
            busybox_image, "sleep", "0.3", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, 0.06))
        command.send_signal(signal.SIGKILL)
        command.wait()
    # The containers that had started end by themselves.
    wait_until(lambda: shared_ikada("ps", "-q").stdout == "")
    for container in shared_ikada.containers():
        shown = shared_ikada("inspect", container, check=False)
        if shown.returncode == 0:
            state = json.loads(shown.stdout)[0]["State"]
            assert state["Status"] in ("exited", "created", "running"), state
        else:  # It was just removing itself.
            assert container not in shared_ikada.containers(), shown.stderr
        shared_ikada("rm", "-f", "-v", container, check=False)

    wait_until(lambda: files_of(shared_ikada) - before == set())
    leaks.check(kernel_before)


def test_the_monitor_killed_under_a_running_container(shared_ikada, busybox_image):
    kernel_before = leaks.snapshot()
    shared_ikada("run", "-d", "--name", "orphan", "--network", "none", busybox_image, "sleep",
                 "1000")
    first = shared_ikada.inspect("orphan")["State"]["Pid"]

    monitor = monitor_of(shared_ikada, "orphan")
    os.kill(monitor, signal.SIGKILL)
    wait_until(lambda: has_ended(monitor))

    shared_ikada("ps")
    wait_for_end(first)
    state = shared_ikada.inspect("orphan")["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 255)
    shared_ikada("start", "orphan")
    assert shared_ikada.inspect("orphan")["State"]["Running"]
    shared_ikada("rm", "-f", "orphan")
    leaks.check(kernel_before)


def test_the_monitor_killed_under_a_container_in_the_foreground(shared_ikada, busybox_image):
    kernel_before = leaks.snapshot()
    command = shared_ikada.popen("run", "--rm", "--name", "lost", "--network", "none",
                                 busybox_image, "sh", "-c", "echo up; sleep 1000",
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert command.stdout.readline() == "up\n"

    os.kill(monitor_of(shared_ikada, "lost"), signal.SIGKILL)

    _, errors = command.communicate(timeout=60)
    assert command.returncode == 125
    assert errors.startswith("ikada run: ")
    assert "lost" not in shared_ikada("ps", "-a", "--format", "{{.Names}}").stdout.split()
    leaks.check(kernel_before)


def test_the_foreground_client_killed_leaves_the_container_to_its_monitor(shared_ikada,
                                                                          busybox_image):
    kernel_before = leaks.snapshot()
    command = shared_ikada.popen("run", "--rm", "--name", "alone", "--network", "none",
                                 busybox_image, "sh", "-c",
                                 "echo up; until [ -e /end ]; do sleep 0.1; done",
                                 stdout=subprocess.PIPE)
    command.stdout.readline()
    command.kill()
    command.communicate()

    assert shared_ikada.inspect("alone")["State"]["Running"]
    shared_ikada("exec", "-d", "alone", "sh", "-c", "sleep 3; touch /end")
    assert shared_ikada("wait", "alone").stdout == "0\n"
    wait_until(lambda: "alone" not in
               shared_ikada("ps", "-a", "--format", "{{.Names}}").stdout.split())
    leaks.check(kernel_before)


@pytest.mark.parametrize("verb", [("rm", "-f", "-v"), ("stop", "-t", "0"), ("restart", "-t", "0")])
def test_other_verbs_killed_at_a_random_moment(shared_ikada, busybox_image, verb):
    before, kernel_before = files_of(shared_ikada), leaks.snapshot()
    for attempt in range(8):
        name = f"target-{attempt}"
        shared_ikada("run", "-d", "--name", name, "--network", "none", "-v", "/anonymous",
                     busybox_image, "sleep", "1000")
        command = shared_ikada.popen(*verb, name, stdout=subprocess.DEVNULL)
        time.sleep(random.uniform(0, 0.03))
        command.send_signal(signal.SIGKILL)
        command.wait()
        shared_ikada("rm", "-f", "-v", name)

    wait_until(lambda: files_of(shared_ikada) - before == set())
    leaks.check(kernel_before)


def test_a_reboot_leaves_containers_that_have_ended(shared_ikada, busybox_image):
    """What a reboot takes is the run root and every process."""
    shared_ikada("run", "-d", "--name", "rebooted", "--network", "none", busybox_image, "sleep",
                 "1000")
    first = shared_ikada.inspect("rebooted")["State"]["Pid"]
    monitor = monitor_of(shared_ikada, "rebooted")
    os.kill(monitor, signal.SIGKILL)
    os.kill(first, signal.SIGKILL)
    wait_for_end(first)
    subprocess.run(["rm", "-rf", str(shared_ikada.run_root)], check=True)

    state = shared_ikada.inspect("rebooted")["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 255)
    shared_ikada("start", "rebooted")
    shared_ikada("rm", "-f", "rebooted")
