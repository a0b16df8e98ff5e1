"""stdin, stdout and stderr that are full, closed or read by nobody."""

import os
import signal
import subprocess
import time

import pytest

import programs


@pytest.fixture
def full_device(tmp_path):
    """A device of one's own that has no room: whatever is done to its name happens to it alone."""
    path = tmp_path / "full"
    subprocess.run(["mknod", path, "c", "1", "7"], check=True, timeout=60)
    return path


@pytest.fixture(scope="module")
def talker(shared_ikada, busybox_image):
    """A container that has written much."""
    shared_ikada("run", "--network", "none", "--name", "talker", busybox_image, "seq", "100000")
    yield "talker"
    shared_ikada("rm", "-f", "talker")


def with_streams(ikada, redirections, *arguments, program=None):
    """The command started by a shell that closes or redirects streams."""
    command = ikada.command(*arguments) if program is None else [str(program), *arguments]
    return programs.run("bash", "-c", f'"$@" {redirections}', "bash", *command,
                        env=ikada.environment, check=False)


@pytest.mark.parametrize("words", [
    ("ps",), ("images",), ("info",), ("version",), ("logs", "talker"), ("inspect", "talker"),
    ("ps", "-a", "--no-trunc"), ("history", "busybox"), ("volume", "ls"), ("system", "df")])
def test_output_that_has_no_room_is_said(shared_ikada, busybox_image, talker, full_device, words):
    words = tuple(busybox_image if word == "busybox" else word for word in words)
    name = " ".join(words[:2]) if words[0] in ("volume", "system") else words[0]

    result = with_streams(shared_ikada, f">{full_device}", *words)

    assert result.returncode == 1
    assert result.stderr == f"ikada {name}: write to stdout: No space left on device\n"


@pytest.mark.parametrize("words", [("--help",), ("run", "--help"), ("--version",)])
def test_help_that_has_no_room_is_said(shared_ikada, full_device, words):
    result = with_streams(shared_ikada, f">{full_device}", *words)

    assert result.returncode == 1
    assert result.stderr.endswith(": write to stdout: No space left on device\n")
    runtime = with_streams(shared_ikada, f">{full_device}", *words, program=programs.IKADA_RUNTIME)
    assert runtime.returncode == 1
    assert runtime.stderr.endswith("No space left on device\n")


@pytest.mark.parametrize("words", [("ps",), ("logs", "talker"), ("inspect", "talker")])
def test_output_that_nobody_reads_ends_a_command_as_it_does_others(shared_ikada, talker, words):
    reader, writer = os.pipe()
    os.close(reader)
    command = shared_ikada.popen(*words, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    _, errors = command.communicate(timeout=60)

    assert (command.returncode, errors) == (-signal.SIGPIPE, b"")


def test_closed_streams_are_empty_and_no_other_file(shared_ikada, busybox_image):
    shared_ikada("run", "-d", "--network", "none", "--name", "closed", busybox_image, "sleep",
                 "100")
    try:
        result = with_streams(shared_ikada, "<&-", "exec", "-i", "closed", "cat")
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
        result = with_streams(shared_ikada, ">&-", "exec", "closed", "echo", "x")
        assert (result.returncode, result.stderr) == (0, "")
        result = with_streams(shared_ikada, "<&- >&- 2>&-", "exec", "closed", "touch", "/made")
        assert result.returncode == 0
        shared_ikada("exec", "closed", "test", "-e", "/made")
    finally:
        shared_ikada("rm", "-f", "closed")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_container_is_run_with_closed_streams(shared_ikada, busybox_image, closed):
    script = "cat; echo out; echo err >&2; exit 3"
    options = ("--rm", "--network", "none")
    result = with_streams(shared_ikada, closed, "run", "-i", *options, busybox_image, "sh", "-c",
                          script)

    assert result.returncode == 3
    assert result.stdout == ("" if ">&- " in closed + " " and "2>&-" != closed else "out\n")
    assert result.stderr == ("" if "2>&-" in closed else "err\n")


def test_the_runtime_takes_no_file_for_a_closed_stream(runtime, bundle):
    made = bundle(["sh", "-c", "cat; echo out; echo err >&2; exit 3"])
    arguments = ("--root", str(runtime.root), "run", "--bundle", str(made.path), made.id)

    for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        result = programs.run("bash", "-c", f'"$@" {closed}', "bash", str(programs.IKADA_RUNTIME),
                              *arguments, check=False)
        assert result.returncode == 3, closed


def test_the_daemon_takes_no_file_for_a_closed_stream(ikadad_program, tmp_path):
    command = subprocess.Popen(
        ["bash", "-c", 'exec "$@" <&- >&- 2>&-', "bash", ikadad_program, "--run-root",
         tmp_path / "run"])
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "run" / "ikadad.sock").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        streams = [os.readlink(f"/proc/{command.pid}/fd/{fd}") for fd in (0, 1, 2)]
        assert streams == ["/dev/null"] * 3
    finally:
        command.terminate()
        command.wait(timeout=60)
