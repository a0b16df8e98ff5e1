"""top, port, rename and update: looking at a container and changing it."""

import json
import re
import time

import pytest


@pytest.fixture
def start(shared_ikada, busybox_image):
    """start("name", options) → a running container, removed at the end."""
    names = []

    def call(name, *options, command=("sleep", "1000"), network="none"):
        shared_ikada("run", "-d", "--name", name, "--network", network, *options, busybox_image,
                     *command)
        names.append(name)
        return name
    yield call
    for name in names:
        shared_ikada("rm", "-f", name, check=False)


def test_top_shows_the_processes_by_their_host_numbers(shared_ikada, start):
    start("busy", command=("sh", "-c", "sleep 999 & exec sleep 1000"))
    deadline = time.monotonic() + 60
    while "sh -c" in shared_ikada("top", "busy").stdout:
        assert time.monotonic() < deadline

    lines = shared_ikada("top", "busy").stdout.splitlines()

    assert re.split(r" {2,}", lines[0]) == [
        "UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert lines[0].index("PID") == 20
    rows = [re.split(r" {2,}", line) for line in lines[1:]]
    assert sorted(row[7] for row in rows) == ["sleep 1000", "sleep 999"]
    first = str(shared_ikada.inspect("busy")["State"]["Pid"])
    assert [row[0] for row in rows] == ["root", "root"]
    assert [row[7] for row in rows if row[1] == first] == ["sleep 1000"]
    assert [row[2] for row in rows if row[7] == "sleep 999"] == [first]
    chosen = shared_ikada("container", "top", "busy", "-eo", "pid,comm").stdout.splitlines()
    assert chosen[0].split() == ["PID", "COMMAND"]
    assert [line.split()[1] for line in chosen[1:]] == ["sleep", "sleep"]


def test_r_33_top_runs_nothing_of_the_container(shared_ikada, start):
    trap = "for p in ps sh nsenter; do printf '#!/bin/sh\\ntouch /ran\\n' > /bin/x-$p; " \
           "chmod +x /bin/x-$p; mv /bin/x-$p /bin/$p; done; exec sleep 1000"
    start("trapped", command=("sh", "-c", trap))

    deadline = time.monotonic() + 60
    while "sh -c" in shared_ikada("top", "trapped", "aux").stdout:
        assert time.monotonic() < deadline
    assert shared_ikada("exec", "trapped", "ls", "/ran", check=False).returncode == 1


@pytest.mark.parametrize("words, message", [
    (("-o", "comm"), "Couldn't find PID field"),
    (("-o", "pid,nothing"), "unknown ps column: nothing"),
    (("--forest",), "unsupported ps option: --forest"),
])
def test_top_refuses_what_it_does_not_know(shared_ikada, start, words, message):
    start("refusing")

    result = shared_ikada("top", "refusing", *words, check=False)

    assert result.returncode == 1
    assert message in result.stderr


def test_top_of_a_container_that_does_not_run_is_an_error(shared_ikada, busybox_image):
    shared_ikada("create", "--name", "idle", "--network", "none", busybox_image, "true")

    result = shared_ikada("top", "idle", check=False)
    shared_ikada("rm", "idle")

    assert result.returncode == 1
    assert "is not running" in result.stderr


def test_port_shows_what_is_published(shared_ikada, start):
    start("served", "-p", "127.0.0.1:0:80", "-p", "53/udp", network="bridge")

    both = shared_ikada("port", "served").stdout
    web = re.search(r"^80/tcp -> (127\.0\.0\.1:\d+)$", both, re.MULTILINE)[1]
    dns = re.search(r"^53/udp -> (0\.0\.0\.0:\d+)$", both, re.MULTILINE)[1]

    assert shared_ikada("port", "served", "80").stdout == web + "\n"
    assert shared_ikada("port", "served", "53/udp").stdout == dns + "\n"
    missing = shared_ikada("port", "served", "81", check=False)
    assert missing.returncode == 1
    assert missing.stderr == "ikada port: no public port '81/tcp' published for served\n"


def test_a_renamed_container_has_its_new_name_alone(shared_ikada, start):
    start("before")
    start("other")

    taken = shared_ikada("rename", "before", "other", check=False)
    same = shared_ikada("rename", "before", "before", check=False)
    bad = shared_ikada("rename", "before", "a b", check=False)
    shared_ikada("rename", "before", "after")

    assert taken.returncode == same.returncode == bad.returncode == 1
    assert "already in use" in taken.stderr
    assert "same name" in same.stderr
    assert "Invalid container name" in bad.stderr
    assert shared_ikada.inspect("after")["Name"] == "/after"
    assert shared_ikada("inspect", "before", check=False).returncode == 1
    # The old name is free.
    start("before")
    shared_ikada("rm", "-f", "after")
    start("after")


def test_update_changes_what_the_next_start_gets(shared_ikada, busybox_image):
    shared_ikada("create", "--name", "limits", "--network", "none", "-m", "64m", busybox_image,
                 "true")

    shared_ikada("update", "-m", "128m", "--cpus", "0.5", "--pids-limit", "7", "limits")
    host = shared_ikada.inspect("limits")["HostConfig"]
    config = json.loads(
        (shared_ikada.root / "containers" / shared_ikada.inspect("limits")["Id"] / "config.json")
        .read_text())["linux"]["resources"]
    small = shared_ikada("update", "-m", "1m", "limits", check=False)
    shared_ikada("rm", "limits")

    assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (128 << 20, 500_000_000, 7)
    assert config["memory"]["limit"] == 128 << 20
    assert config["cpu"] == {"period": 100000, "quota": 50000}
    assert config["pids"]["limit"] == 7
    assert config["devices"]
    assert small.returncode == 1
    assert "Minimum memory limit allowed is 6MB" in small.stderr
