"""Attacks on runtimes by a race, named as the acceptance cases are: while containers start,
somebody swaps a directory or file of the root with a symlink to the host.

Every start is right or refused, and the host stays as it was. IKADA_FLIP_STARTS=10000 makes so many
starts of each case instead of a few.
"""

import os
import pathlib
import stat
import time

import pytest

import canary as host_canary
import flip

STARTS = int(os.environ.get("IKADA_FLIP_STARTS", "20"))

pytestmark = pytest.mark.timeout(120 + STARTS)


def mount(destination, kind="tmpfs", source="tmpfs", options=()):
    return {"destination": str(destination), "type": kind, "source": str(source),
            "options": list(options)}


def without_dev(config):
    config["mounts"] = [each for each in config["mounts"]
                        if not each["destination"].startswith("/dev")]


def race(runtime, made, directory, name, other, change=lambda number: None):
    """Starts the bundle again and again; what the good starts printed."""
    outputs = set()
    with flip.flipping(directory, name, other):
        for number in range(STARTS):
            change(number)
            result = runtime.run(made)
            assert host_canary.SENTINEL not in result.stdout
            if result.returncode == 0:
                outputs.add(result.stdout)
            else:
                # Refused, not crashed: there is a reason.
                assert result.returncode in (1, 126, 127), result
                assert result.stderr.startswith("ikada-runtime run: "), result.stderr
    return outputs


@pytest.mark.parametrize("name, kind", [("proc", "proc"), ("sys", "sysfs")])
@pytest.mark.parametrize("where", ["host", "root"])
def test_r_04_r_05_proc_and_sys_are_mounted_where_they_belong(bundle, runtime, own_rootfs, canary,
                                                              name, kind, where):
    (own_rootfs / "elsewhere").mkdir()
    (own_rootfs / "link").symlink_to(canary if where == "host" else "/elsewhere")
    made = bundle(["sh", "-c", f"grep ' - {kind} ' /proc/self/mountinfo | cut -d' ' -f5 | head -1"],
                  rootfs=own_rootfs)

    outputs = race(runtime, made, own_rootfs, name, "link")

    # What was mounted may be at the swapped name now, but never in another place.
    assert outputs <= {f"/{name}\n", "/link\n", ""}
    assert not list((own_rootfs / "elsewhere").iterdir())


def test_r_07_a_volume_is_mounted_inside_the_root(bundle, runtime, own_rootfs, canary, tmp_path):
    (own_rootfs / "vol" / "a" / "b").mkdir(parents=True)
    (own_rootfs / "vol" / "link").symlink_to(canary)
    (tmp_path / "source").mkdir()
    made = bundle(["true"], rootfs=own_rootfs)
    made.config["mounts"] += [mount("/vol/a/b", "bind", tmp_path / "source", ["bind"]),
                              mount("/vol/a/b/c")]
    made.save()

    race(runtime, made, own_rootfs / "vol", "a", "link")


@pytest.mark.parametrize("kind", ["directory", "file"])
def test_r_08_missing_mount_points_are_made_inside_the_root(bundle, runtime, own_rootfs, canary,
                                                            tmp_path, kind):
    (own_rootfs / "vol" / "a").mkdir(parents=True)
    (own_rootfs / "vol" / "link").symlink_to(canary)
    (tmp_path / "source").write_text("ours\n")
    made = bundle(["true"], rootfs=own_rootfs)
    usual = list(made.config["mounts"])

    def another_name(number):
        place = f"/vol/a/made-{number}/deeper"
        made.config["mounts"] = usual + [
            mount(place) if kind == "directory"
            else mount(place, "bind", tmp_path / "source", ["bind"])]
        made.process["cwd"] = f"/vol/a/work-{number}/deeper"
        made.save()

    race(runtime, made, own_rootfs / "vol", "a", "link", another_name)


@pytest.mark.parametrize("bad", ["symlink", "file", "device"])
def test_r_09_what_masks_is_the_null_device(bundle, runtime, own_rootfs, canary, bad):
    dev = own_rootfs / "dev"
    os.mknod(dev / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    if bad == "symlink":
        (dev / "other").symlink_to("/proc/sys/kernel/core_pattern")
    elif bad == "file":
        (dev / "other").write_text("mine\n")
    else:
        os.mknod(dev / "other", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    made = bundle(["stat", "-c", "%F %t:%T", "/proc/timer_list"], rootfs=own_rootfs)
    without_dev(made.config)
    made.save()

    outputs = race(runtime, made, dev, "null", "other")

    assert outputs <= {"character special file 1:3\n"}


@pytest.mark.parametrize("name", ["console", "pts"])
def test_r_10_the_console_is_our_terminal(bundle, runtime, own_rootfs, canary, name):
    dev = own_rootfs / "dev"
    if name == "pts":
        (dev / "pts").mkdir(exist_ok=True)
    else:
        (dev / "console").write_text("")
    (dev / "link").symlink_to(canary / "console" if name == "console" else canary)
    made = bundle(["sh", "-c", "echo $(stat -c %t:%T /dev/console) "
                   "$(stat -Lc %t:%T /proc/self/fd/0)"], rootfs=own_rootfs)
    made.config["mounts"] = [each for each in made.config["mounts"]
                             if each["destination"] not in ("/dev", "/dev/shm", "/dev/mqueue")]
    made.process["terminal"] = True
    made.save()

    for output in race(runtime, made, dev, name, "link"):
        console, stdin = output.split()
        # What is looked at may be the swapped name by now, which is the symlink or the file below.
        assert console in (stdin, "0:0") or name == "console"
        assert stdin.startswith("88:")


@pytest.mark.parametrize("name", ["dev", "shm"])
def test_r_11_nodes_and_links_are_made_inside_the_root(bundle, runtime, own_rootfs, canary, name):
    directory = own_rootfs if name == "dev" else own_rootfs / "dev"
    (directory / name).mkdir(exist_ok=True)
    (directory / "link").symlink_to(canary)
    made = bundle(["true"], rootfs=own_rootfs)
    made.config["mounts"] = [
        each for each in made.config["mounts"] if each["destination"] != "/dev"]
    made.save()

    race(runtime, made, directory, name, "link")


def test_tmpcopyup_copies_nothing_of_the_host(bundle, runtime, own_rootfs, canary):
    (own_rootfs / "conf" / "a").mkdir(parents=True)
    (own_rootfs / "conf" / "a" / "file").write_text("ours\n")
    (own_rootfs / "conf" / "link").symlink_to(canary)
    made = bundle(["sh", "-c", "cat /conf/*/*; true"], rootfs=own_rootfs)
    made.config["mounts"].append(mount("/conf", options=["tmpcopyup"]))
    made.save()

    outputs = race(runtime, made, own_rootfs / "conf", "a", "link")

    assert outputs <= {"ours\n", "ours\nours\n", ""}


def test_the_race_is_one(own_rootfs):
    (own_rootfs / "a").mkdir()
    (own_rootfs / "b").symlink_to("/")

    until, seen = time.monotonic() + 60, set()
    with flip.flipping(own_rootfs, "a", "b"):
        while len(seen) < 2 and time.monotonic() < until:
            seen.add(pathlib.Path(own_rootfs / "a").is_symlink())

    assert seen == {True, False}
