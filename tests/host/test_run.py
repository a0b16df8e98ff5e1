"""`ikada run`: what a container is given, and how its end is reported."""

import os
import pathlib
import pty
import re
import select
import signal
import stat
import subprocess
import time

import pytest

import images


@pytest.fixture
def run(shared_ikada, busybox_image):
    """run(["sh", "-c", "…"], "-e", "A=1") → the finished command; network none unless said."""
    def call(args=("true",), *options, network="none", **settings):
        return shared_ikada("run", "--rm", "--network", network, *options, busybox_image, *args,
                            **settings)
    return call


def output(result):
    return result.stdout.strip()


def test_output_and_errors_come_out_where_they_belong(run):
    result = run(["sh", "-c", "echo out; echo err >&2"])

    assert (result.stdout, result.stderr) == ("out\n", "err\n")


def test_not_one_byte_of_a_quick_container_is_lost(run):
    for _ in range(10):
        assert output(run(["echo", "here"])) == "here"


def test_much_output_arrives_whole(run):
    result = run(["sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x; echo; exit 7"], check=False)

    assert result.returncode == 7
    assert len(result.stdout) == 3000001


@pytest.mark.parametrize("command, status", [
    (["true"], 0),
    (["false"], 1),
    (["sh", "-c", "exit 42"], 42),
    (["sh", "-c", "kill -9 $$"], 137),
    (["sh", "-c", "kill -TERM $$"], 143),
    (["/no/such/program"], 127),
    (["no-such-program"], 127),
    (["/etc/passwd"], 126),
    (["/tmp"], 126),
])
def test_the_status_is_the_containers(run, command, status):
    # The first process of a pid namespace ignores signals of its own that it does not handle, so
    # the shell is not the first.
    wrapped = ["sh", "-c", '"$@"; exit $?', "sh", *command] if "kill" in command[-1] else command

    result = run(wrapped, check=False)

    assert result.returncode == status
    if status in (126, 127):
        assert result.stderr.startswith("ikada run: ")
        assert result.stderr.count("\n") == 1


def test_a_signal_that_kills_the_first_process_is_128_and_its_number(shared_ikada, busybox_image):
    name = shared_ikada("run", "-d", "--network", "none", busybox_image, "sleep", "1000")
    container = output(name)

    shared_ikada("kill", container)

    assert output(shared_ikada("wait", container)) == "137"
    shared_ikada("rm", container)


def test_stdin_is_empty_without_i_and_ours_with_it(run):
    assert run(["cat"]).stdout == ""
    assert run(["cat"], "-i", input="typed\n").stdout == "typed\n"


def test_stdin_of_megabytes_goes_through(run):
    result = run(["sh", "-c", "wc -c"], "-i", input="x" * 2_000_000)

    assert output(result) == "2000000"


def test_the_environment_is_dockers_then_the_images_then_ours(run, tmp_path):
    file = tmp_path / "env"
    file.write_text("# comment\nFILE=1\nBOTH=file\n")
    env = dict(os.environ, IKADA_HANDED_ON="yes")

    result = run(["env"], "-e", "A=b=c", "-e", "BOTH=option", "-e", "IKADA_HANDED_ON",
                 "-e", "IKADA_NOT_SET", "--env-file", file, "--hostname", "box",
                 env=dict(env))
    found = dict(line.split("=", 1) for line in result.stdout.splitlines())

    assert found["A"] == "b=c"
    assert found["FILE"] == "1"
    assert found["BOTH"] == "option"
    assert found["IKADA_HANDED_ON"] == "yes"
    assert "IKADA_NOT_SET" not in found
    assert found["HOSTNAME"] == "box"
    assert found["PATH"] == "/usr/sbin:/usr/bin:/sbin:/bin"
    assert found["HOME"] == "/root"


def test_hostname_files_and_extra_hosts(run):
    result = run(["sh", "-c", "hostname; cat /etc/hostname /etc/hosts /etc/resolv.conf"],
                 "--hostname", "box", "--add-host", "db:10.1.2.3", "--dns", "9.9.9.9")

    assert result.stdout.startswith("box\nbox\n127.0.0.1\tlocalhost\n")
    assert "10.1.2.3\tdb\n" in result.stdout
    assert "nameserver 9.9.9.9\n" in result.stdout


def test_user_group_and_working_directory(run):
    assert output(run(["id", "-u"])) == "0"
    assert output(run(["sh", "-c", "id -u; id -g; pwd"], "-u", "1000:1001", "-w", "/made/for/it")) \
        == "1000\n1001\n/made/for/it"
    assert "63" in output(run(["id", "-G"], "--group-add", "63"))


@pytest.mark.parametrize("user", [
    "-1", "+0", "0x0", "1e3", "2147483648", "4294967295", "4294967296", "0:4294967296", ":0",
    "1000:", " 0", "0\n", "nobody-of-that-name", "0:no-group-of-that-name"])
def test_users_are_numbers_or_names_and_nothing_in_between(run, user):
    result = run(["id", "-u"], "-u", user, check=False)

    assert result.returncode == 125
    assert result.stdout == ""
    assert result.stderr.startswith("ikada run: ")


@pytest.mark.parametrize("number", [3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 31, 63])
def test_no_descriptor_of_ours_can_be_a_working_directory(run, number):
    for path in (f"/proc/self/fd/{number}", f"/proc/self/fd/{number}/../..",
                 f"/proc/1/fd/{number}/../../.."):
        result = run(["pwd"], "-w", path, check=False)
        assert result.returncode in (125, 126, 127), (path, result.stdout)
        assert result.stdout == ""


def test_a_container_has_only_its_three_descriptors(run):
    listed = output(run(["ls", "/proc/self/fd"])).split()

    # ls itself has the directory open.
    assert listed == ["0", "1", "2", "3"]


def test_capabilities_are_dockers_fourteen(run):
    status = run(["cat", "/proc/self/status"]).stdout

    assert re.search(r"CapEff:\t00000000a80425fb", status)
    assert re.search(r"CapBnd:\t00000000a80425fb", status)
    assert re.search(r"CapInh:\t0000000000000000", status)
    assert re.search(r"CapAmb:\t0000000000000000", status)
    assert re.search(r"Seccomp:\t2", status)


def test_capabilities_can_be_dropped_and_added(run):
    status = run(["cat", "/proc/self/status"], "--cap-drop", "ALL", "--cap-add", "chown").stdout

    assert re.search(r"CapEff:\t0000000000000001", status)


def test_a_user_has_no_capabilities_but_the_bounding_set(run):
    status = run(["cat", "/proc/self/status"], "-u", "1000").stdout

    assert re.search(r"CapEff:\t0000000000000000", status)
    assert re.search(r"CapBnd:\t00000000a80425fb", status)


def test_privileged_masks_nothing(run):
    status = run(["sh", "-c", "cat /proc/self/status; mount -t tmpfs none /tmp && echo mounted"],
                 "--privileged").stdout

    assert re.search(r"Seccomp:\t0", status)
    assert "mounted" in status


def test_no_new_privileges(run):
    status = run(["cat", "/proc/self/status"], "--security-opt", "no-new-privileges").stdout

    assert re.search(r"NoNewPrivs:\t1", status)


def test_the_root_can_be_read_only(run):
    assert run(["touch", "/x"], check=False).returncode == 0
    result = run(["sh", "-c", "touch /x; echo $?; touch /t/x && echo written"],
                 "--read-only", "--tmpfs", "/t")
    assert result.stdout.startswith("1\n")
    assert "written" in result.stdout


def test_limits_devices_and_sysctls(run):
    result = run(["sh", "-c", "ulimit -n; cat /proc/sys/net/ipv4/ip_forward; ls -l /dev/fuse; "
                              "df -k /dev/shm | tail -1"],
                 "--ulimit", "nofile=123:456", "--sysctl", "net.ipv4.ip_forward=1",
                 "--device", "/dev/null:/dev/fuse", "--shm-size", "1m")
    lines = result.stdout.splitlines()

    assert lines[0] == "123"
    assert lines[1] == "1"
    assert lines[2].startswith("crw-") and "1,   3" in lines[2]
    assert lines[3].split()[1] == "1024"


def test_bind_mounts_volumes_and_tmpfs(run, shared_ikada, tmp_path):
    (tmp_path / "file").write_text("from the host\n")

    result = run(["sh", "-c", "cat /in/file; touch /in/x; touch /out/made; echo v > /vol/kept; "
                              "mount | grep ' /t '"],
                 "-v", f"{tmp_path}:/in:ro", "-v", f"{tmp_path}/new:/out",
                 "-v", "test-volume:/vol", "--mount", "type=tmpfs,target=/t,tmpfs-size=1m",
                 check=False)

    assert result.stdout.startswith("from the host\n")
    assert "Read-only file system" in result.stderr
    assert (tmp_path / "new" / "made").exists()
    assert "size=1024k" in result.stdout
    again = run(["cat", "/vol/kept"], "--mount", "source=test-volume,target=/vol,readonly")
    assert again.stdout == "v\n"
    kept = pathlib.Path(shared_ikada.root) / "volumes" / "test-volume" / "_data" / "kept"
    assert kept.read_text() == "v\n"


def test_init_reaps_and_passes_signals_on(run):
    result = run(["sh", "-c", "cat /proc/1/cmdline | tr '\\0' ' '; exit 9"], "--init", check=False)

    assert result.returncode == 9
    assert "init" in result.stdout


def test_the_id_goes_to_the_cidfile(run, tmp_path):
    file = tmp_path / "cid"

    run(["true"], "--cidfile", file)
    assert re.fullmatch("[0-9a-f]{64}", file.read_text())

    again = run(["true"], "--cidfile", file, check=False)
    assert again.returncode == 125
    assert "container ID file found" in again.stderr


def test_signals_reach_the_container(shared_ikada, busybox_image):
    command = shared_ikada.popen(
        "run", "--rm", "--network", "none", busybox_image, "sh", "-c",
        "trap 'echo caught; exit 5' TERM; echo ready; while :; do sleep 0.1; done",
        stdout=subprocess.PIPE, text=True)
    assert command.stdout.readline() == "ready\n"

    command.send_signal(signal.SIGTERM)

    assert command.wait(timeout=60) == 5
    assert command.stdout.read() == "caught\n"
    command.stdout.close()


class Terminal:
    """A command on a pty of its own."""

    def __init__(self, ikada, *arguments):
        self.main, child = pty.openpty()
        os.set_blocking(self.main, False)
        self.process = ikada.popen(*arguments, stdin=child, stdout=child, stderr=child,
                                   start_new_session=True)
        self.child = child
        self.seen = ""

    def expect(self, text, timeout=60):
        deadline = time.monotonic() + timeout
        while text not in self.seen:
            left = deadline - time.monotonic()
            assert left > 0, f"{text!r} did not come: {self.seen!r}"
            if select.select([self.main], [], [], left)[0]:
                self.seen += os.read(self.main, 4096).decode()

    def type(self, text):
        os.write(self.main, text.encode())

    def end(self):
        status = self.process.wait(timeout=60)
        os.close(self.child)
        os.close(self.main)
        return status


def test_a_terminal_is_a_terminal_with_our_size(shared_ikada, busybox_image):
    import fcntl
    import struct
    import termios
    terminal = Terminal(shared_ikada, "run", "--rm", "-it", "--network", "none", busybox_image,
                        "sh", "-c", "tty; stty size; "
                        "until stty size | grep '^33 77$'; do sleep 0.1; done; "
                        "read line; echo got $line; exit 3")
    terminal.expect("/dev/pts/0")
    fcntl.ioctl(terminal.main, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
    os.kill(terminal.process.pid, signal.SIGWINCH)
    terminal.expect("33 77")
    terminal.type("word\n")
    terminal.expect("got word")

    assert terminal.end() == 3


def test_the_detach_keys_leave_the_container_running(shared_ikada, busybox_image):
    terminal = Terminal(shared_ikada, "run", "--name", "detached", "-it", "--network", "none",
                        busybox_image, "sh")
    terminal.expect("#")
    terminal.type("\x10\x11")

    assert terminal.end() == 0
    assert shared_ikada.inspect("detached")["State"]["Running"]
    shared_ikada("rm", "-f", "detached")


def test_it_needs_a_terminal_for_it(run):
    result = run(["true"], "-it", check=False)

    assert result.returncode in (1, 125)
    assert result.stderr == "ikada run: the input device is not a TTY\n"


def test_entrypoint_command_user_and_volume_of_the_image(shared_ikada, registry, busybox_rootfs):
    layer = images.layer_of_directory(busybox_rootfs)
    more = images.layer_of_entries([
        images.entry("srv"), images.entry("srv/data"), images.entry("srv/data/seed", "seed\n"),
        images.entry("srv/data/link", type=b"2", linkname="/etc/passwd")])
    registry.push("shaped", "1", images.Image([layer, more], config={
        "Entrypoint": ["echo", "entry"], "Cmd": ["cmd"], "User": "1000:1000",
        "WorkingDir": "/srv", "Volumes": {"/srv/data": {}}, "Env": ["FROM=image"],
        "Labels": {"tier": "web"}, "StopSignal": "SIGINT"}))
    image = f"{registry.address}/shaped:1"
    shared_ikada("pull", "-q", image)

    def go(*words):
        return output(shared_ikada("run", "--rm", "--network", "none", *words))

    assert go(image) == "entry cmd"
    assert go(image, "other") == "entry other"
    assert go("--entrypoint", "echo", image) == ""
    assert go("--entrypoint=", image, "pwd") == "/srv"
    assert go("--entrypoint", "id", image, "-u") == "1000"
    assert go("--entrypoint", "cat", image, "/srv/data/seed") == "seed"
    assert go("--entrypoint", "readlink", image, "/srv/data/link") == "/etc/passwd"
    assert list((pathlib.Path(shared_ikada.root) / "volumes").glob("?" * 64)) == []


def test_an_image_volume_behind_a_link_stays_in_the_image(shared_ikada, registry, busybox_rootfs,
                                                          tmp_path):
    canary = tmp_path / "canary"
    canary.mkdir()
    (canary / "secret").write_text("secret\n")
    layer = images.layer_of_directory(busybox_rootfs)
    more = images.layer_of_entries([
        images.entry("v", type=b"2", linkname=str(canary)),
        images.entry("w", type=b"2", linkname="../../../.." + str(canary))])
    registry.push("escaping", "1", images.Image([layer, more], config={
        "Volumes": {"/v": {}, "/w": {}, f"/../../../..{canary}": {}}, "Cmd": ["true"]}))
    image = f"{registry.address}/escaping:1"

    shared_ikada("run", "--network", "none", "--name", "escaping", image,
                 "sh", "-c", "ls -R /v /w || true", check=False)

    for each in (pathlib.Path(shared_ikada.root) / "volumes").rglob("*"):
        assert each.name != "secret"
    assert sorted(each.name for each in canary.iterdir()) == ["secret"]
    shared_ikada("rm", "-f", "-v", "escaping", check=False)


def test_account_files_that_are_links_or_fifos_are_not_followed(shared_ikada, registry,
                                                                busybox_rootfs, tmp_path):
    canary = tmp_path / "passwd"
    canary.write_text("ghost:x:4242:4242::/:/bin/sh\n")
    layer = images.layer_of_directory(busybox_rootfs)
    for tag, kind, target in (("link", b"2", str(canary)), ("up", b"2", f"../../../..{canary}"),
                              ("magic", b"2", f"/proc/1/root{canary}"), ("fifo", b"6", "")):
        more = images.layer_of_entries([
            images.entry("etc/passwd", type=kind, linkname=target, mode=0o644)])
        registry.push("accounts", tag, images.Image([layer, more], config={"Cmd": ["id"]}))
        started = time.monotonic()

        result = shared_ikada("run", "--rm", "--network", "none", "-u", "ghost",
                              f"{registry.address}/accounts:{tag}", check=False)

        assert result.returncode == 125
        assert "unable to find user ghost" in result.stderr
        assert time.monotonic() - started < 60


def test_identity_files_never_go_to_where_the_image_points(shared_ikada, registry, busybox_rootfs,
                                                           tmp_path):
    canary = tmp_path / "canary"
    canary.write_text("untouched\n")
    layer = images.layer_of_directory(busybox_rootfs)
    for name in ("hosts", "hostname", "resolv.conf"):
        more = images.layer_of_entries([
            images.entry(f"etc/{name}", type=b"2", linkname=str(canary))])
        registry.push("identity", name, images.Image([layer, more]))

        shared_ikada("run", "--rm", "--network", "none", f"{registry.address}/identity:{name}",
                     "sh", "-c", f"echo changed > /etc/{name}; true", check=False)

        assert canary.read_text() == "untouched\n"


@pytest.mark.parametrize("target", [
    "../run/systemd/resolve/stub-resolv.conf",  # Debian with systemd-resolved.
    "/run/resolvconf/resolv.conf",
    "missing",
    "../../../../../..{canary}/made",
])
def test_identity_files_are_there_at_the_end_of_dangling_symlinks(
        shared_ikada, registry, busybox_rootfs, tmp_path, target):
    canary = tmp_path / "canary"
    canary.mkdir()
    target = target.format(canary=canary)
    links = [images.entry(f"etc/{name}", type=b"2", linkname=target + name)
             for name in ("hosts", "hostname", "resolv.conf")]
    registry.push("identity", "dangling", images.Image([
        images.layer_of_directory(busybox_rootfs), images.layer_of_entries(links)]))

    result = shared_ikada(
        "run", "--rm", "--pull", "always", "-q", "--network", "none", "--hostname", "raft",
        "--add-host", "log:192.0.2.7", "--dns", "192.0.2.8",
        f"{registry.address}/identity:dangling",
        "sh", "-c", "cat /etc/hostname; grep log /etc/hosts; grep 192 /etc/resolv.conf")

    assert result.stdout == "raft\n192.0.2.7\tlog\nnameserver 192.0.2.8\n"
    assert list(canary.iterdir()) == []


def test_a_directory_of_devices_is_given_whole(run, tmp_path):
    devices = tmp_path / "devices"
    (devices / "deep").mkdir(parents=True)
    os.mknod(devices / "zero", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    os.mknod(devices / "deep/null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    (devices / "text").write_text("x")

    result = run(["sh", "-c", "cd /dev/mine && find . -type c | sort && head -c 3 zero | wc -c"],
                 "--device", f"{devices}:/dev/mine")

    assert result.stdout == "./deep/null\n./zero\n3\n"


def test_a_directory_that_is_no_dev_is_refused_in_time(run):
    started = time.monotonic()

    result = run(["true"], "--device", "/", check=False)

    assert result.returncode == 125
    assert "it holds more than 16384 files" in result.stderr
    assert time.monotonic() - started < 60
