"""What the other guest tests take for granted."""

import pathlib


def test_the_guest_has_cgroup_v2_with_four_controllers():
    controllers = pathlib.Path("/sys/fs/cgroup/cgroup.controllers").read_text().split()
    assert set(controllers) >= {"cpu", "io", "memory", "pids"}


def test_the_root_is_a_mount_of_its_own():
    line = next(line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
                if line.split()[4] == "/")
    assert " - overlay " in line


def test_temporary_files_are_not_on_the_overlay(tmp_path):
    best = max((line.split() for line in pathlib.Path("/proc/self/mountinfo").read_text()
                .splitlines() if str(tmp_path).startswith(line.split()[4])),
               key=lambda fields: len(fields[4]))
    assert "tmpfs" in best
