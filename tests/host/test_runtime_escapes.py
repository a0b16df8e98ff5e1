"""Attacks on runtimes, as published, against ikada-runtime; named as the acceptance cases are."""

import errno
import fcntl
import os
import shutil
import stat
import subprocess

import pytest

import programs

F_GET_SEALS = 1034
ALL_SEALS = 0xF


def start_detached(runtime, made, command="run", *words):
    subprocess.run(runtime.command(command, *words, "--bundle", made, made.id), check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=60)


def program_of_created(runtime, made):
    """(name, seals or None, filesystem flags) of what a created container's first process runs."""
    start_detached(runtime, made, "create")
    path = f"/proc/{runtime.state(made.id)['pid']}/exe"
    try:
        with open(path, "rb") as program:
            flags = os.fstatvfs(program.fileno()).f_flag
            try:
                seals = fcntl.fcntl(program, F_GET_SEALS)
            except OSError:
                seals = None
        for mode in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC):
            with pytest.raises(OSError) as refused:
                os.close(os.open(path, mode))
            assert refused.value.errno in (errno.EROFS, errno.ETXTBSY, errno.EPERM)
        return os.readlink(path), seals, flags
    finally:
        runtime("delete", "-f", made.id)


def test_r_01_a_created_container_runs_from_a_file_nobody_can_write(bundle, runtime, canary):
    name, seals, flags = program_of_created(runtime, bundle(["true"]))

    # Seen through an overlay that has no upper layer and is attached nowhere.
    assert name == "/ikada-runtime"
    assert seals is None
    assert flags & os.ST_RDONLY and flags & os.ST_NODEV and flags & os.ST_NOSUID


def test_r_01_where_no_overlay_can_be_the_program_is_a_sealed_copy(bundle, runtime, canary,
                                                                   tmp_path, monkeypatch):
    place = tmp_path / "with:colon"
    place.mkdir()
    shutil.copy2(programs.IKADA_RUNTIME, place)
    monkeypatch.setattr(programs, "IKADA_RUNTIME", place / programs.IKADA_RUNTIME.name)

    name, seals, _ = program_of_created(runtime, bundle(["true"]))

    monkeypatch.undo()
    assert name.startswith("/memfd:")
    assert seals & ALL_SEALS == ALL_SEALS


def test_r_01_an_entry_that_names_the_runtime_itself_gets_the_copy(bundle, runtime, own_rootfs,
                                                                   canary):
    (own_rootfs / "entry").write_text("#!/proc/self/exe\n")
    (own_rootfs / "entry").chmod(0o755)
    script = own_rootfs / "attack"
    script.write_text("#!/bin/sh\nfor i in $(seq 200); do for p in /proc/[0-9]*; do\n"
                      "  (echo x > $p/exe) 2>/dev/null && echo written $p\ndone; done\n")
    script.chmod(0o755)

    entry = runtime.run(bundle(["/entry", "delete"], rootfs=own_rootfs))
    made = bundle(["/attack"], rootfs=own_rootfs)
    attack = runtime.popen("run", "--bundle", made, made.id, stdout=subprocess.PIPE, text=True,
                           stdin=subprocess.DEVNULL)
    for _ in range(30):
        runtime("exec", made.id, "true", check=False)
    output, _ = attack.communicate(timeout=60)

    assert entry.returncode != 0
    # Only busybox, which is the container's own, may be written to, and it is busy.
    assert "written" not in output


def test_r_02_a_joining_process_shows_no_host_descriptor(bundle, runtime, canary):
    made = bundle(["sh", "-c", "for i in $(seq 300); do ls -l /proc/[0-9]*/fd /proc/[0-9]*/cwd "
                   "/proc/[0-9]*/root 2>/dev/null | grep -- '->'; done"])
    watcher = runtime.popen("run", "--bundle", made, made.id, stdout=subprocess.PIPE, text=True,
                            stdin=subprocess.DEVNULL)
    for _ in range(30):
        runtime("exec", made.id, "true", check=False)
    output, _ = watcher.communicate(timeout=60)

    targets = {line.split("-> ", 1)[1] for line in output.splitlines()}
    assert not [each for each in targets if "state" in each or "cgroup" in each or "canary" in each]


@pytest.mark.parametrize("broken", ["symlink", "file", "other device", "missing"])
def test_r_09_the_null_device_that_masks_is_verified(bundle, runtime, own_rootfs, canary, broken):
    null = own_rootfs / "dev" / "null"
    if broken == "symlink":
        null.symlink_to("/proc/sys/kernel/core_pattern")
    elif broken == "file":
        null.write_text("x")
    elif broken == "other device":
        os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    made = bundle(["stat", "-c", "%t:%T", "/proc/timer_list"], rootfs=own_rootfs)
    made.config["mounts"] = [each for each in made.config["mounts"]
                             if not each["destination"].startswith("/dev")]
    made.save()

    result = runtime.run(made)

    if broken == "missing":
        assert result.stdout == "1:3\n"
    else:
        assert result.returncode == 1
        assert "device /dev/null: File exists" in result.stderr


@pytest.mark.parametrize("name", ["dev", "dev/pts", "dev/shm", "dev/mqueue"])
@pytest.mark.parametrize("target", ["{canary}", "../../../..{canary}", "/proc/1/root{canary}"])
def test_r_11_a_symlink_in_place_of_dev_changes_nothing_on_the_host(bundle, runtime, own_rootfs,
                                                                    canary, name, target):
    path = own_rootfs / name
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    path.symlink_to(target.format(canary=canary))
    made = bundle(["sh", "-c", "test -c /dev/null && echo fine"], rootfs=own_rootfs)
    if name != "dev":
        made.config["mounts"] = [
            each for each in made.config["mounts"] if each["destination"] != "/dev"]
    made.save()

    result = runtime.run(made)

    assert result.returncode == 1
    assert "must be mounted on an ordinary directory" in result.stderr


@pytest.mark.parametrize("number", range(3, 64))
def test_r_12_a_descriptor_is_no_working_directory(bundle, runtime, canary, number):
    for end in ("", "/.."):
        made = bundle(["pwd"])
        made.process["cwd"] = f"/proc/self/fd/{number}{end}"
        made.save()
        assert runtime.run(made).returncode != 0


@pytest.mark.parametrize("number", range(3, 24))
def test_r_12_a_descriptor_is_no_way_to_a_program(bundle, runtime, canary, number):
    made = bundle([f"/proc/self/fd/{number}/../../../bin/ls"])

    assert runtime.run(made).returncode in (126, 127)


@pytest.mark.parametrize("path", ["etc", "etc/hosts", "made", "work"])
def test_r_17_symlinks_in_the_root_do_not_lead_out(
        bundle, runtime, own_rootfs, canary, tmp_path, path):
    if path == "etc":
        subprocess.run(["rm", "-rf", own_rootfs / "etc"], check=True, timeout=60)
    target = own_rootfs / path
    target.symlink_to(canary if path != "etc/hosts" else canary / "hosts")
    source = tmp_path / "source"
    source.write_text("ours\n")
    made = bundle(["true"], rootfs=own_rootfs)
    made.config["mounts"] += [
        {"destination": "/etc/hosts", "type": "bind", "source": str(source), "options": ["bind"]},
        {"destination": "/made/deeper", "type": "tmpfs", "source": "tmpfs"}]
    made.process["cwd"] = "/work/here"
    made.save()

    runtime.run(made)


def test_r_02_a_created_container_holds_nothing_of_the_host(bundle, runtime):
    made = bundle(["true"])
    start_detached(runtime, made, "create")
    pid = runtime.state(made.id)["pid"]

    links = [os.readlink(f"/proc/{pid}/fd/{each}") for each in os.listdir(f"/proc/{pid}/fd")]
    runtime("delete", "-f", made.id)

    assert all(link.startswith(("socket:", "/dev/null")) for link in links), links


@pytest.mark.parametrize("has_cgroup_namespace", [True, False])
@pytest.mark.parametrize("has_user_namespace", [True, False])
def test_r_14_the_hosts_cgroups_cannot_be_written(bundle, runtime, own_rootfs, canary,
                                                  has_cgroup_namespace, has_user_namespace):
    made = bundle(["sh", "-c", "cd /sys/fs/cgroup; for i in cgroup.procs cgroup.subtree_control "
                   "release_agent; do (echo 1 > $i) 2>/dev/null && echo written $i; done; "
                   "mkdir x 2>/dev/null && echo made; grep ' /sys/fs/cgroup ' /proc/mounts"],
                  rootfs=own_rootfs)
    if not has_cgroup_namespace:
        made.drop_namespace("cgroup")
    if has_user_namespace:
        made.set_namespace("user")
        made.linux["uidMappings"] = made.linux["gidMappings"] = [
            {"containerID": 0, "hostID": 0, "size": 65536}]
    made.save()

    result = runtime.run(made)

    assert result.returncode == 0, result.stderr
    options = result.stdout.split()[3].split(",")
    assert "written" not in result.stdout and "made" not in result.stdout
    assert {"ro", "nosuid", "nodev", "noexec"} <= set(options)


def test_r_15_no_release_agent_is_set_from_a_new_user_namespace(bundle, runtime, canary):
    made = bundle(["sh", "-c", "unshare -U -r -m sh -c 'for kind in rdma misc cpuset; do "
                   "mount -t cgroup -o $kind x /tmp && echo mounted && "
                   "echo /evil > /tmp/release_agent && echo written; done'; echo tried"],
                  docker_like=True)

    assert runtime.run(made).stdout == "tried\n"


@pytest.mark.parametrize("size", [2**16 - 1, 2**16, 70 * 1024, 2**17 - 64])
def test_r_16_long_texts_arrive_whole(bundle, runtime, size):
    made = bundle(["sh", "-c", "printf %s \"$LONG\" | wc -c"])
    made.process["env"].append("LONG=" + "x" * size)
    made.config["annotations"] = {"org.example.long": "y" * size}
    made.save()

    assert runtime.run(made).stdout == f"{size}\n"


@pytest.mark.parametrize("where", ["env", "annotation", "namespace"])
def test_r_16_texts_that_are_too_long_are_refused_as_such(bundle, runtime, canary, where):
    made = bundle(["true"])
    text = "z" * (2**24)
    if where == "env":
        made.process["env"].append("LONG=" + text)
    elif where == "annotation":
        made.config["annotations"] = {"org.example.long": text}
    else:
        made.set_namespace("network", "/" + text)
    made.save()

    result = runtime.run(made)

    assert result.returncode == 1
    assert "JSON is larger than" in result.stderr


@pytest.mark.parametrize("name, value", [
    ("net.ipv4.ip_forward", "1+kernel.core_pattern=|/evil"),
    ("net.ipv4.ip_forward", "1\nkernel.core_pattern=|/evil"),
    ("net.ipv4.ip_forward+kernel.core_pattern", "|/evil"),
    ("net/../kernel/core_pattern", "|/evil"),
    ("net.ipv4...kernel.core_pattern", "|/evil"),
    ("kernel.core_pattern", "|/evil"),
    ("kernel.shm_rmid_forced/../core_pattern", "1"),
])
def test_r_20_no_other_sysctl_is_smuggled_in(bundle, runtime, canary, name, value):
    made = bundle(["cat", "/proc/sys/net/ipv4/ip_forward"])
    made.linux["sysctl"] = {name: value}
    made.save()

    assert runtime.run(made).returncode == 1


def test_r_24_there_is_no_abstract_socket_and_start_is_roots_alone(bundle, runtime):
    made = bundle(["true"])
    with open("/proc/net/unix") as table:
        before = {line.split()[-1] for line in table if "@" in line}
    start_detached(runtime, made, "create")
    with open("/proc/net/unix") as table:
        after = {line.split()[-1] for line in table if "@" in line}
    socket = runtime.root / made.id / "start.sock"
    mode = stat.S_IMODE(socket.stat().st_mode)
    outsider = subprocess.run(["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups",
                               "stat", socket], capture_output=True, check=False, timeout=60)
    runtime("delete", "-f", made.id)

    assert after <= before
    assert mode == 0o600
    assert outsider.returncode != 0


def test_r_25_states_are_private_whatever_the_umask(bundle, runtime):
    made = bundle(["true"])
    old = os.umask(0)
    try:
        start_detached(runtime, made, "create")
    finally:
        os.umask(old)
    directory = runtime.root / made.id
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in directory.iterdir()}
    modes["."] = stat.S_IMODE(directory.stat().st_mode)
    modes[".."] = stat.S_IMODE(runtime.root.stat().st_mode)
    runtime("delete", "-f", made.id)

    assert modes == {".": 0o700, "..": 0o700, "state.json": 0o600, "start.sock": 0o600}
