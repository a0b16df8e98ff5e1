"""Attacks on runtimes, as published, against ikada-runtime; named as the acceptance cases are."""

import errno
import fcntl
import hashlib
import os
import pathlib
import shutil
import stat
import subprocess

import pytest

import programs

F_GET_SEALS = 1034
ALL_SEALS = 0xF


@pytest.fixture
def canary(tmp_path):
    """A tree on the host that nothing may change."""
    path = tmp_path / "canary"
    path.mkdir()
    for name in ("ptmx", "fd", "null", "hosts"):
        (path / name).write_text("sentinel\n")
    watched = ["/proc/sys/kernel/core_pattern", "/proc/self/mountinfo"]

    def look():
        files = {each.name: (each.lstat().st_mode, each.lstat().st_mtime_ns, each.read_bytes())
                 for each in path.iterdir()}
        program = programs.IKADA_RUNTIME.stat()
        texts = [pathlib.Path(each).read_text() for each in watched]
        return (files, path.stat().st_mtime_ns, texts,
                hashlib.sha256(programs.IKADA_RUNTIME.read_bytes()).digest(),
                (program.st_ino, program.st_mtime_ns))
    before = look()
    yield path
    assert look() == before


def start_detached(runtime, made, command="run", *words):
    subprocess.run(runtime.command(command, *words, "--bundle", made, made.id), check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=20)


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
        subprocess.run(["rm", "-rf", own_rootfs / "etc"], check=True, timeout=10)
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
