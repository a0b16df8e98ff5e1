"""The fixtures themselves: what other tests stand on."""

import os
import pathlib
import subprocess

import pytest

import images
import leaks
import private_namespaces
import programs


def test_the_session_has_a_network_and_a_cgroup_tree_of_its_own(pytestconfig):
    outside = pytestconfig.stash[private_namespaces.OUTSIDE]

    for kind in ("net", "mnt", "cgroup"):
        assert os.readlink(f"/proc/self/ns/{kind}") != outside[kind]
    assert "0::/session\n" in pathlib.Path("/proc/self/cgroup").read_text()


def test_a_pushed_image_can_be_read_by_another_tool(registry, busybox_image):
    result = programs.run("skopeo", "inspect", "--tls-verify=false", "--config",
                          f"docker://{busybox_image}")

    assert '"Cmd":["/bin/sh"]' in result.stdout.replace(" ", "").replace("\n", "")


def test_an_index_offers_each_platform(registry):
    layer = images.layer_of_entries([images.entry("hello", "hello\n")])
    both = [images.Image([layer], architecture="amd64", kind="docker"),
            images.Image([layer], architecture="arm64", kind="docker")]

    registry.push_index("platforms", "1", both)

    _, answer = registry.request("GET", "/v2/platforms/manifests/1",
                                 headers={"Accept": images.DOCKER["index"]})
    assert answer == images.index_of(both)


def test_a_bundle_has_a_program_to_run(bundle, busybox_rootfs):
    made = bundle(["sh", "-c", "exit 3"], docker_like=True)

    assert (made.path / "config.json").exists()
    assert len(made.linux["seccomp"]["syscalls"]) > 3
    shell = programs.run("chroot", busybox_rootfs, "/bin/sh", "-c", "exit 3", check=False)
    assert shell.returncode == 3


def test_the_leak_check_sees_a_mount_a_cgroup_a_process_and_a_link(tmp_path, monkeypatch):
    monkeypatch.setattr(leaks, "GRACE_S", 0)
    before = leaks.snapshot()
    cgroup = private_namespaces.find_cgroup2() / "left-over"
    cgroup.mkdir()
    process = subprocess.Popen(["sleep", "60"])
    try:
        programs.run("mount", "-t", "tmpfs", "none", tmp_path)
        programs.run("ip", "link", "add", "left0", "type", "veth")
        with pytest.raises(AssertionError) as caught:
            leaks.check(before)
    finally:
        programs.run("ip", "link", "del", "left0", check=False)
        programs.run("umount", tmp_path, check=False)
        process.kill()
        process.wait()
        cgroup.rmdir()

    for word in ("mount ", "cgroup ", "process ", "link left0"):
        assert word in str(caught.value)
    leaks.check(before)
