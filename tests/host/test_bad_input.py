"""What goes wrong is said in one line with the right status, and leaves nothing behind."""

import os
import pathlib
import signal
import socket
import subprocess
import tarfile
import time

import pytest

import images
import leaks
import programs


@pytest.fixture
def nothing_left(shared_ikada):
    """Compares everything on disk and in the kernel before and after."""
    def files():
        found = set()
        for root in (shared_ikada.root, shared_ikada.run_root):
            for path, directories, names in os.walk(root):
                found.update(os.path.join(path, name) for name in directories + names)
        return {each for each in found if "/images/" not in each and "/layers/" not in each
                and not each.endswith(".lock") and "/runtime/seccomp" not in each
                and "/net/" not in each and "/seccomp" not in each}

    shared_ikada("ps")
    files_before, kernel_before = files(), leaks.snapshot()
    yield
    leaks.check(kernel_before)
    deadline = time.monotonic() + 30
    while left := files() - files_before:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def fails(ikada, *arguments, status=125):
    result = ikada(*arguments, check=False)
    assert result.returncode == status, result.stderr
    assert result.stdout == ""
    verb = arguments[0]
    lines = result.stderr.splitlines()
    assert lines[-1].startswith(f"ikada {verb}: ")
    return lines


@pytest.mark.parametrize("options, words, status, message", [
    ((), ("no-such-program",), 127, "no-such-program"),
    ((), ("/etc/passwd",), 126, "/etc/passwd"),
    (("-u", "nobody-here"), ("true",), 125,
     "unable to find user nobody-here: no matching entries in passwd file"),
    (("--cap-add", "FLY"), ("true",), 125, 'unknown capability: "FLY"'),
    (("-v", "relative:path"), ("true",), 125, "invalid volume specification"),
    (("--mount", "type=bind,source=/no/such/place,target=/x"), ("true",), 125,
     "bind source path does not exist: /no/such/place"),
    (("-v", "/tmp:/"), ("true",), 125, "destination can't be '/'"),
    (("--device", "/dev/no-such-device"), ("true",), 125, "/dev/no-such-device"),
    (("--device", "/etc/passwd"), ("true",), 125, "not a device node"),
    (("--security-opt", "seccomp=/no/such/file"), ("true",), 125, "seccomp profile"),
    (("--hostname", "a\nb"), ("true",), 125, "invalid hostname"),
    (("--add-host", "a:1.2.3.4\n5.6.7.8 b"), ("true",), 125, "bad format for add-host"),
    (("--sysctl", "kernel.core_pattern=x"), ("true",), 125, "kernel.core_pattern"),
    (("--sysctl", "net.ipv4.ip_forward=1\n1"), ("true",), 125, "net.ipv4.ip_forward"),
    (("-w", "relative"), ("true",), 125, "needs to be an absolute path"),
    (("--network", "nowhere"), ("true",), 125, "network nowhere not found"),
    (("--network", "container:nobody"), ("true",), 125, "No such container: nobody"),
    (("--stop-signal", "WAVE"), ("true",), 125, "Invalid signal: WAVE"),
    (("--name", "not a name"), ("true",), 125, "Invalid container name (not a name)"),
    (("-p", "99999:80"), ("true",), 125, "invalid port"),
    (("-m", "lots"), ("true",), 125, "lots"),
    (("--nope",), ("true",), 125, "unknown flag: --nope"),
    (("-e", "=x"), ("true",), 125, "invalid environment variable: =x"),
    (("--env-file", "/no/such/file"), ("true",), 125, "/no/such/file"),
    (("--ulimit", "wings=1"), ("true",), 125, "invalid ulimit type: wings"),
])
def test_a_run_that_cannot_be(shared_ikada, busybox_image, nothing_left, options, words, status,
                              message):
    network = () if "--network" in options else ("--network", "none")

    lines = fails(shared_ikada, "run", "--rm", *network, *options, busybox_image, *words,
                  status=status)

    assert message in lines[-1]
    assert len(lines) == 1


def test_without_rm_nothing_is_left_either(shared_ikada, busybox_image, nothing_left):
    fails(shared_ikada, "run", "--network", "none", "--name", "ghost", "-v", "/anonymous",
          busybox_image, "no-such-program", status=127)
    fails(shared_ikada, "run", "-d", "--network", "none", "--name", "ghost", busybox_image,
          "no-such-program", status=127)


def test_an_image_that_is_nowhere(shared_ikada, registry, nothing_left):
    lines = fails(shared_ikada, "run", "--rm", f"{registry.address}/no-such-image:1", "true")
    assert f"{registry.address}/no-such-image" in lines[-1]

    lines = fails(shared_ikada, "run", "--rm", "--pull", "never", "not-here:1", "true")
    assert lines == ["ikada run: No such image: not-here:1"]

    lines = fails(shared_ikada, "run", "--rm", "some/UPPER", "true")
    assert "some/UPPER" in lines[-1]


def test_a_registry_that_is_down(shared_ikada, nothing_left):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    lines = fails(shared_ikada, "run", "--rm", f"127.0.0.1:{port}/x:1", "true")

    assert f"127.0.0.1:{port}" in lines[-1]


def test_usage(shared_ikada):
    for arguments, status in ((("run",), 125), (("exec", "x"), 125), (("stop",), 2),
                              (("fly",), 2), (("ps", "--nope"), 2), (("rm", "-y", "x"), 2)):
        result = shared_ikada(*arguments, check=False)
        assert result.returncode == status, arguments
        assert result.stderr.startswith("ikada")
        assert len(result.stderr.splitlines()) == 1


def test_a_user_who_is_not_root(shared_ikada):
    result = shared_ikada("ps", check=False, user=65534, group=65534, extra_groups=[])

    assert result.returncode == 1
    assert result.stderr == "ikada ps: permission denied: ikada has to run as root\n"


def test_output_that_nobody_reads(shared_ikada, busybox_image):
    reader, writer = os.pipe()
    os.close(reader)
    command = shared_ikada.popen("run", "--rm", "--network", "none", busybox_image, "sh", "-c",
                                 "head -c 1000000 /dev/zero; exit 3", stdout=writer)
    os.close(writer)

    assert command.wait(timeout=60) == -signal.SIGPIPE
    deadline = time.monotonic() + 60
    while shared_ikada.containers():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_seccomp_profile_of_ones_own(shared_ikada, busybox_image, tmp_path):
    profile = pathlib.Path(tmp_path) / "profile.json"
    profile.write_text('{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", '
                       '"mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}]}')

    result = shared_ikada("run", "--rm", "--network", "none", "--security-opt",
                          f"seccomp={profile}", busybox_image, "mkdir", "/x", check=False)

    assert result.returncode == 1
    assert "Permission denied" in result.stderr


@pytest.mark.parametrize("program, status", [("no-such-program", 127), ("/etc/passwd", 126)])
def test_the_init_process_says_what_it_cannot_run(shared_ikada, busybox_image, nothing_left,
                                                  program, status):
    result = shared_ikada("run", "--rm", "--init", "--network", "none", busybox_image, program,
                          check=False)

    assert result.returncode == status
    assert len(result.stderr.splitlines()) == 1
    assert f"exec {program}: " in result.stderr


def test_an_image_without_layers_has_an_empty_root(shared_ikada, registry, nothing_left):
    registry.push("nothing", "latest", images.Image([], config={"Cmd": ["/program"]}))
    name = f"{registry.address}/nothing:latest"

    lines = fails(shared_ikada, "run", "-q", "--rm", "--network", "none", name, status=127)
    assert lines == ["ikada run: exec /program: No such file or directory"]

    shared_ikada("create", "--name", "empty", "--network", "none", "-v", "nothing-data:/data", name)
    assert shared_ikada("diff", "empty").stdout == ""
    shared_ikada("cp", programs.ROOT / "README.md", "empty:/program")
    assert shared_ikada("diff", "empty").stdout == "A /data\nA /program\n"
    assert "Permission denied" in fails(shared_ikada, "start", "-a", "empty", status=1)[0]
    shared_ikada("rm", "empty")
    shared_ikada("volume", "rm", "nothing-data")
    shared_ikada("rmi", name)


def test_a_paused_container_is_not_started(shared_ikada, busybox_image):
    shared_ikada("run", "-d", "--network", "none", "--name", "frozen", busybox_image, "sleep",
                 "100")
    try:
        shared_ikada("pause", "frozen")
        for options in ((), ("-a",), ("-i",)):
            lines = fails(shared_ikada, "start", *options, "frozen", status=1)
            assert lines == ["ikada start: cannot start a paused container, try unpause instead: "
                             "frozen"]
        assert shared_ikada.inspect("frozen")["State"]["Status"] == "paused"
    finally:
        shared_ikada("rm", "-f", "frozen")


@pytest.mark.parametrize("program, status", [("no-such-program", 127), ("/etc/passwd", 126)])
def test_an_exec_in_the_background_says_why_it_cannot_be(shared_ikada, busybox_image, program,
                                                         status):
    shared_ikada("run", "-d", "--network", "none", "--name", "host-of-exec", busybox_image,
                 "sleep", "100")
    try:
        lines = fails(shared_ikada, "exec", "-d", "host-of-exec", program, status=status)
        assert len(lines) == 1
        assert f"exec {program}: " in lines[0]
        lines = fails(shared_ikada, "exec", "-d", "-w", "/no/such", "host-of-exec", "true",
                      status=1)
        assert "/no/such" in lines[0]
    finally:
        shared_ikada("rm", "-f", "host-of-exec")


def test_exec_speaks_of_the_container_by_its_name(shared_ikada, busybox_image):
    identity = shared_ikada("run", "-d", "--network", "none", "--name", "host-of-exec",
                            busybox_image, "sleep", "100").stdout.strip()
    try:
        for options in ((), ("-d",), ("-i",)):
            lines = fails(shared_ikada, "exec", *options, identity[:12], "no-such-program",
                          status=127)
            assert lines == ["ikada exec: container host-of-exec: exec no-such-program: "
                             "No such file or directory"]
        shared_ikada("stop", "-t", "0", "host-of-exec")
        lines = fails(shared_ikada, "exec", identity, "true", status=1)
        assert lines == ["ikada exec: container host-of-exec is not running"]
    finally:
        shared_ikada("rm", "-f", "host-of-exec")


def test_the_runtime_says_what_it_is_told_to_say(runtime, bundle):
    made = bundle(["sleep", "100"])
    runtime.popen("run", "--detach", "--bundle", made, made.id, stdin=subprocess.DEVNULL,
                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait(timeout=60)
    prefix = ("--error-prefix", "engine exec: container web")

    result = runtime(*prefix, "exec", made.id, "no-such-program", check=False)
    assert result.stderr == ("engine exec: container web: exec no-such-program: "
                             "No such file or directory\n")
    result = runtime(*prefix, "exec", "other", "true", check=False)
    assert result.stderr.startswith("engine exec: container web")
    result = runtime(*prefix, "exec", "--nope", check=False)
    assert result.stderr.startswith("engine exec: container web: ")


@pytest.mark.parametrize("words, message", [
    (("image", "inspect", "no-such-image"), "No such image: no-such-image"),
    (("image", "rm", "no-such-image"), "No such image: no-such-image"),
    (("image", "history", "no-such-image"), "No such image: no-such-image"),
    (("container", "inspect", "nobody"), "No such container: nobody"),
    (("container", "rm", "nobody"), "No such container: nobody"),
    (("container", "exec", "nobody", "true"), "No such container: nobody"),
    (("network", "inspect", "nowhere"), "network nowhere not found"),
    (("volume", "remove", "nothing"), "get nothing: no such volume")])
def test_a_command_is_named_as_it_was_typed(shared_ikada, words, message):
    result = shared_ikada(*words, check=False)

    assert result.returncode == 1
    assert result.stderr == f"ikada {words[0]} {words[1]}: {message}\n"


def test_wrong_usage_names_the_command_as_it_was_typed(shared_ikada):
    for words, status in ((("container", "run", "--nope"), 125), (("image", "rm"), 2),
                          (("container", "ls", "--nope"), 2), (("container", "exec", "x"), 125)):
        result = shared_ikada(*words, check=False)

        assert result.returncode == status
        assert result.stderr.startswith(f"ikada {words[0]} {words[1]}: ")
        assert len(result.stderr.splitlines()) == 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize("target", ["/usr/../etc/accounts", "../../../etc/accounts", "/etc/passwd",
                                    "/proc/self/root/etc/passwd"])
def test_an_account_file_that_is_an_odd_link_keeps_nobody_waiting(shared_ikada, registry,
                                                                  busybox_rootfs, nothing_left,
                                                                  target):
    link = images.entry("etc/passwd", type=tarfile.SYMTYPE, linkname=target)
    accounts = images.entry("etc/accounts", "someone:x:77:78::/:/bin/sh\n")
    image = images.Image([images.layer_of_directory(busybox_rootfs),
                          images.layer_of_entries([link]), images.layer_of_entries([accounts])])
    registry.push("odd-links", "latest", image)
    name = f"{registry.address}/odd-links:latest"
    shared_ikada("pull", "-q", name)
    try:
        result = shared_ikada("run", "--rm", "--network", "none", "-u", "someone", name, "id", "-u",
                              check=False, timeout=50)
        if target.endswith("accounts"):
            assert (result.returncode, result.stdout) == (0, "77\n")
        else:
            assert result.returncode == 125
            assert "unable to find user someone" in result.stderr
    finally:
        shared_ikada("rmi", "-f", name)
