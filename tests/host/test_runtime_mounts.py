"""Mounts of ikada-runtime."""

import os
import stat
import subprocess

import pytest


def mount(destination, kind="tmpfs", source="tmpfs", options=()):
    return {"destination": str(destination), "type": kind, "source": str(source),
            "options": list(options)}


def run_with(bundle, runtime, script, *mounts, rootfs=None):
    made = bundle(["sh", "-c", script], rootfs=rootfs)
    made.config["mounts"] += mounts
    made.save()
    return runtime.run(made)


@pytest.fixture
def volume(tmp_path):
    path = tmp_path / "volume"
    path.mkdir()
    (path / "file").write_text("content\n")
    return path


def test_a_read_only_root_cannot_be_written(bundle, runtime):
    made = bundle(["sh", "-c", "touch /new; touch /dev/shm/x && echo shm"])
    made.config["root"]["readonly"] = True
    made.save()

    result = runtime.run(made)

    assert "/new: Read-only file system" in result.stderr
    assert result.stdout == "shm\n"


def test_a_missing_working_directory_is_made(bundle, runtime, own_rootfs):
    made = bundle(["pwd"], rootfs=own_rootfs)
    made.process["cwd"] = "/made/on/the/way"
    made.save()

    assert runtime.run(made).stdout == "/made/on/the/way\n"


def test_a_bind_shows_the_directory_with_its_options(bundle, runtime, own_rootfs, volume):
    result = run_with(bundle, runtime,
                      "cat /a/b/file; touch /a/b/new; grep ' /a/b ' /proc/self/mountinfo",
                      mount("/a/b", "bind", volume, ["rbind", "ro", "nosuid", "nodev", "noexec"]),
                      rootfs=own_rootfs)

    assert result.stdout.startswith("content\n")
    assert "Read-only file system" in result.stderr
    assert " ro,nosuid,nodev,noexec" in result.stdout


def test_a_bind_of_a_file_makes_the_file(bundle, runtime, own_rootfs, volume):
    result = run_with(bundle, runtime, "cat /etc/deep/file",
                      mount("/etc/deep/file", "bind", volume / "file", ["bind"]), rootfs=own_rootfs)

    assert result.stdout == "content\n"


def test_rbind_takes_what_is_mounted_below_and_bind_does_not(bundle, runtime, own_rootfs, volume):
    (volume / "sub").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", volume / "sub"], check=True, timeout=60)
    try:
        (volume / "sub" / "inner").write_text("x")
        script = "ls /v/sub | wc -l"
        one = run_with(bundle, runtime, script, mount("/v", "bind", volume, ["bind"]),
                       rootfs=own_rootfs)
        all_ = run_with(bundle, runtime, script + "; touch /v/sub/new",
                        mount("/v", "bind", volume, ["rbind", "rro"]), rootfs=own_rootfs)
    finally:
        subprocess.run(["umount", volume / "sub"], check=True, timeout=60)

    assert one.stdout == "0\n"
    assert all_.stdout == "1\n"
    assert "Read-only file system" in all_.stderr


@pytest.mark.parametrize("word, field", [("rslave", "master:"), ("rshared", "shared:"),
                                         ("rprivate", None)])
def test_propagation_is_as_asked(bundle, runtime, own_rootfs, volume, word, field):
    subprocess.run(["mount", "--bind", volume, volume], check=True, timeout=60)
    try:
        subprocess.run(["mount", "--make-shared", volume], check=True, timeout=60)
        result = run_with(bundle, runtime, "grep ' /v ' /proc/self/mountinfo",
                          mount("/v", "bind", volume, ["rbind", word]), rootfs=own_rootfs)
    finally:
        subprocess.run(["umount", volume], check=True, timeout=60)

    fields = result.stdout.split(" - ")[0].split()[6:]
    assert [each for each in fields if each.startswith(field or "none")] == fields


def test_tmpfs_takes_size_and_mode(bundle, runtime, own_rootfs):
    result = run_with(bundle, runtime, "stat -c %a /t; df -k /t | tail -1",
                      mount("/t", options=["size=64k", "mode=1770", "noexec"]), rootfs=own_rootfs)

    assert result.stdout.split()[0] == "1770"
    assert " 64 " in result.stdout


@pytest.fixture
def furnished(own_rootfs):
    """A root with one of everything in /conf."""
    conf = own_rootfs / "conf"
    (conf / "deep" / "er").mkdir(parents=True)
    (conf / "file").write_text("content\n")
    (conf / "deep" / "er" / "big").write_bytes(b"x" * 3_000_000)
    (conf / "program").write_text("#!/bin/sh\n")
    (conf / "program").chmod(0o4755)
    (conf / "out").symlink_to("/nonexistent/elsewhere")
    os.mkfifo(conf / "fifo", 0o640)
    os.mknod(conf / "null", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    for each in (conf / "file", conf / "deep"):
        os.chown(each, 1000, 1000)
    os.utime(conf / "file", (1_000_000_000, 1_000_000_000))
    (conf / "deep").chmod(0o750)
    conf.chmod(0o2771)
    os.utime(conf, (1_000_000_000, 1_000_000_000))
    return own_rootfs


LISTING = "find . -exec stat -c '%n %F %a %u:%g %Y %t:%T' {} + | sort; sha256sum deep/er/big"


def test_tmpcopyup_fills_the_tmpfs_with_what_it_covers(bundle, runtime, furnished):
    expected = run_with(bundle, runtime, f"cd /conf; {LISTING}", rootfs=furnished).stdout
    script = f"cd /conf; {LISTING}; stat -f -c %T .; echo new > file; touch added"

    found = run_with(bundle, runtime, script, mount("/conf", options=["nosuid", "tmpcopyup"]),
                     rootfs=furnished)

    assert expected.count("\n") == 10
    assert found.stdout.replace("tmpfs\n", "") == expected
    assert (furnished / "conf" / "file").read_text() == "content\n"
    assert not (furnished / "conf" / "added").exists()


def test_tmpcopyup_keeps_a_mode_that_is_asked_for_and_what_is_mounted_below(bundle, runtime,
                                                                            furnished, volume):
    result = run_with(bundle, runtime, "stat -c %a /conf; ls -A /conf/deep; cat /conf/file",
                      mount("/conf/deep", "bind", volume, ["bind"]),
                      mount("/conf", options=["tmpcopyup", "mode=1750"]), rootfs=furnished)

    assert result.stdout == "1750\ncontent\n"


def test_tmpcopyup_of_nothing_is_an_empty_tmpfs(bundle, runtime, own_rootfs):
    result = run_with(bundle, runtime, "stat -f -c %T /fresh; ls -A /fresh",
                      mount("/fresh", options=["tmpcopyup"]), rootfs=own_rootfs)

    assert result.stdout == "tmpfs\n"


def test_tmpcopyup_that_does_not_fit_says_so(bundle, runtime, furnished):
    result = run_with(bundle, runtime, "true", mount("/conf", options=["tmpcopyup", "size=1m"]),
                      rootfs=furnished)

    assert result.returncode == 1
    assert "mount tmpfs at /conf: copy what is there: No space left on device" in result.stderr


@pytest.mark.parametrize("bad, text", [
    (mount("/v", "bind", "/tmp", ["bind", "tmpcopyup"]), "mount at /v: tmpcopyup is for a tmpfs"),
    (mount("/t", "nosuchfs"), "mount nosuchfs at /t: No such device"),
    (mount("/t", options=["nosuchoption"]), "mount tmpfs at /t: Invalid argument"),
    (mount("/t", options=["size=many"]), "mount tmpfs at /t: Invalid argument"),
    (mount("/v", "bind", "/nonexistent", ["bind"]), "No such file or directory"),
    (mount("/v", "bind", "", ["bind"]), "mount at /v: no source"),
    (mount("/etc/passwd/x"), "mount tmpfs at /etc/passwd/x: mount point: Not a directory"),
    (mount("/etc/passwd"), "mount tmpfs at /etc/passwd: mount point: Not a directory"),
])
def test_a_mount_that_cannot_be_says_which_and_why(bundle, runtime, own_rootfs, bad, text):
    result = run_with(bundle, runtime, "true", bad, rootfs=own_rootfs)

    assert result.returncode == 1
    assert text in result.stderr


@pytest.mark.parametrize("bad", [
    mount("/proc"), mount("/proc/"), mount("/../proc"), mount("/proc/self"),
    mount("/proc/self/attr"), mount("/proc", "bind", "/tmp", ["bind"]),
    mount("/proc/sys/kernel", "bind", "/tmp", ["bind"])])
def test_nothing_but_procfs_is_mounted_over_proc(bundle, runtime, own_rootfs, bad):
    """R-03"""
    result = run_with(bundle, runtime, "true", bad, rootfs=own_rootfs)

    assert result.returncode == 1
    assert "/proc" in result.stderr


def test_a_way_into_proc_by_a_symlink_is_refused(bundle, runtime, own_rootfs):
    """R-03"""
    (own_rootfs / "way").symlink_to("/proc/self")

    result = run_with(bundle, runtime, "true", mount("/way"), rootfs=own_rootfs)

    assert result.returncode == 1
    assert "lies in a procfs" in result.stderr


@pytest.mark.parametrize("name", ["proc", "sys"])
@pytest.mark.parametrize("target", ["/bad", "bad", "../../bad"])
def test_proc_and_sys_are_mounted_on_ordinary_directories(
        bundle, runtime, own_rootfs, name, target):
    """R-04, R-05"""
    (own_rootfs / name).rmdir()
    (own_rootfs / "bad").mkdir()
    (own_rootfs / name).symlink_to(target)

    result = runtime.run(bundle(["true"], rootfs=own_rootfs))

    assert result.returncode == 1
    assert f"at /{name}: must be mounted on an ordinary directory" in result.stderr


def overlay_bundle(bundle, tmp_path, lowers, args):
    for name in ("upper", "work", "root"):
        (tmp_path / name).mkdir()
    made = bundle(args, rootfs=tmp_path / "root")
    made.config["mounts"].insert(0, mount("/", "overlay", "overlay", [
        "lowerdir=" + ":".join(map(str, lowers)), f"upperdir={tmp_path / 'upper'}",
        f"workdir={tmp_path / 'work'}"]))
    made.save()
    return made


def test_an_overlay_is_the_root(bundle, runtime, busybox_rootfs, tmp_path):
    made = overlay_bundle(bundle, tmp_path, [busybox_rootfs], ["sh", "-c", "echo x > /written"])

    assert runtime.run(made).returncode == 0

    assert (tmp_path / "upper" / "written").read_text() == "x\n"
    assert list((tmp_path / "root").iterdir()) == []


def test_an_overlay_may_have_more_layers_than_a_page_holds_names(bundle, runtime, busybox_rootfs,
                                                                 tmp_path):
    lowers = []
    for number in range(120):
        lower = tmp_path / ("x" * 100) / f"layer{number}"
        lower.mkdir(parents=True)
        (lower / f"from{number}").touch()
        lowers.append(lower)
    made = overlay_bundle(bundle, tmp_path, [*lowers, busybox_rootfs],
                          ["sh", "-c", "ls / | grep -c ^from"])

    assert runtime.run(made).stdout == "120\n"


def test_an_overlay_that_cannot_be_is_an_error(bundle, runtime, tmp_path):
    made = overlay_bundle(bundle, tmp_path, ["/nonexistent"], ["true"])

    result = runtime.run(made)

    assert result.returncode == 1
    assert "mount overlay at /: No such file or directory" in result.stderr


def test_nothing_of_a_container_is_in_the_hosts_mount_table(bundle, runtime, tmp_path):
    before = open("/proc/self/mountinfo").read()
    made = bundle(["sleep", "100"])
    subprocess.run(runtime.command("run", "-d", "--bundle", made, made.id), check=True, timeout=60,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    during = open("/proc/self/mountinfo").read()
    runtime("delete", "-f", made.id)

    assert during == before


def test_no_pivot_works_too(bundle, runtime):
    made = bundle(["sh", "-c", "ls / | grep -c -x bin; cd ../../..; pwd"])

    result = runtime("run", "--no-pivot", "--bundle", made, made.id)

    assert result.stdout == "1\n/\n"


def test_a_device_of_the_config_is_made(bundle, runtime, own_rootfs):
    made = bundle(["stat", "-c", "%t:%T %a %u %g", "/dev/net/tun"], rootfs=own_rootfs)
    made.linux["devices"] = [{"path": "/dev/net/tun", "type": "c", "major": 10, "minor": 200,
                              "fileMode": 0o640, "uid": 5, "gid": 6}]
    made.save()

    assert runtime.run(made).stdout == "a:c8 640 5 6\n"


def test_a_root_that_is_no_directory_is_an_error(bundle, runtime, tmp_path):
    for path in (tmp_path / "missing", "/etc/passwd"):
        made = bundle(["true"], rootfs=path)
        result = runtime.run(made)
        assert result.returncode == 1
        assert "rootfs: " in result.stderr
    assert os.path.isfile("/etc/passwd")
