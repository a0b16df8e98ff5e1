"""What a container made by ikada-runtime can see and do."""

import os
import pathlib
import subprocess

import pytest


def lines(result):
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def status_fields(result):
    return dict(line.split(":\t", 1) for line in lines(result) if ":\t" in line)


def test_namespaces_are_its_own(bundle, runtime):
    kinds = ("pid", "net", "ipc", "uts", "mnt", "cgroup")

    inside = lines(runtime.run(bundle(["sh", "-c", "cd /proc/self/ns; for n in " +
                                       " ".join(kinds) + "; do readlink $n; done"])))

    assert len(inside) == len(kinds)
    assert all(os.readlink(f"/proc/self/ns/{kind}") != theirs
               for kind, theirs in zip(kinds, inside))


def test_it_is_pid_1_with_its_host_name_and_lo_up(bundle, runtime):
    found = lines(runtime.run(bundle(["sh", "-c", "echo $$; hostname; cat /proc/self/cgroup; "
                                      "ip link show lo; ls /proc | grep -c '^[0-9]'"])))

    assert found[0] == "1"
    assert found[1] == "test"
    assert "0::/" in found
    assert any("UP" in line and " lo:" in line for line in found)


@pytest.mark.parametrize("uid", [0, 1000])
def test_inheritable_and_ambient_capabilities_are_empty(bundle, runtime, uid):
    """R-13"""
    made = bundle(["cat", "/proc/self/status"], docker_like=True)
    made.process["user"] = {"uid": uid, "gid": uid}
    if uid != 0:
        made.process["capabilities"]["effective"] = []
        made.process["capabilities"]["permitted"] = []
    made.save()

    fields = status_fields(runtime.run(made))

    docker = sum(1 << number for number in (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31))
    granted = docker if uid == 0 else 0
    assert int(fields["CapInh"], 16) == 0
    assert int(fields["CapAmb"], 16) == 0
    assert int(fields["CapBnd"], 16) == docker
    assert int(fields["CapPrm"], 16) == granted
    assert int(fields["CapEff"], 16) == granted


@pytest.mark.parametrize("no_new_privileges", [True, False])
def test_the_seccomp_filter_is_loaded(bundle, runtime, no_new_privileges):
    made = bundle(["cat", "/proc/self/status"], docker_like=True)
    made.process["noNewPrivileges"] = no_new_privileges
    made.save()

    fields = status_fields(runtime.run(made))

    assert fields["Seccomp"] == "2"
    assert fields["NoNewPrivs"] == str(int(no_new_privileges))
    assert int(fields["CapEff"], 16) & 1 << 21 == 0  # CAP_SYS_ADMIN


def test_the_filter_refuses_what_the_profile_does_not_name(bundle, runtime):
    made = bundle(["unshare", "-m", "true"], docker_like=True)

    result = runtime.run(made)

    assert result.returncode != 0
    assert "Operation not permitted" in result.stderr


def test_user_groups_and_umask_are_as_asked(bundle, runtime):
    made = bundle(["sh", "-c", "id -u; id -g; id -G; umask; echo out > /dev/stdout"])
    made.process["user"] = {"uid": 1000, "gid": 1001, "additionalGids": [29, 30], "umask": 0o77}
    made.save()

    assert lines(runtime.run(made)) == ["1000", "1001", "1001 29 30", "0077", "out"]


def test_resource_limits_are_set_and_impossible_ones_named(bundle, runtime):
    made = bundle(["sh", "-c", "ulimit -n; ulimit -Hn"])
    made.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]
    made.save()
    assert lines(runtime.run(made)) == ["100", "200"]

    made.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 1 << 40}]
    made.save()
    assert "set RLIMIT_NOFILE: " in runtime.run(made).stderr


def test_masked_paths_are_empty_and_readonly_paths_are_read_only(bundle, runtime):
    made = bundle(["sh", "-c", "cat /proc/keys | wc -c; stat -c '%t:%T' /proc/timer_list; "
                   "ls /sys/firmware | wc -l; echo 1 > /proc/sys/kernel/domainname"])

    result = runtime.run(made)

    assert result.stdout.split() == ["0", "1:3", "0"]
    assert "Read-only file system" in result.stderr


def test_a_masked_path_that_does_not_exist_is_passed_over(bundle, runtime):
    made = bundle(["true"])
    made.linux["maskedPaths"] = ["/proc/nosuch", "/nosuch/either", "/etc/passwd/x"]
    made.save()

    assert runtime.run(made).returncode == 0


def test_device_nodes_and_links_are_those_of_the_specification(bundle, runtime):
    made = bundle(["sh", "-c", "cd /dev; for n in null zero full random urandom tty; do "
                   "stat -c '%n %t:%T %a' $n; done; for l in fd stdin stdout stderr ptmx; do "
                   "echo $l $(readlink $l); done"])

    assert lines(runtime.run(made)) == [
        "null 1:3 666", "zero 1:5 666", "full 1:7 666", "random 1:8 666", "urandom 1:9 666",
        "tty 5:0 666", "fd /proc/self/fd", "stdin /proc/self/fd/0", "stdout /proc/self/fd/1",
        "stderr /proc/self/fd/2", "ptmx pts/ptmx"]


def test_the_device_program_refuses_other_devices(bundle, runtime):
    made = bundle(["sh", "-c", "mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg; rm /tmp/kmsg; "
                   "cat /dev/null && echo null works"])

    result = runtime.run(made)

    assert "Operation not permitted" in result.stderr
    assert result.stdout == "null works\n"


def test_sysctls_of_its_own_namespaces_are_set(bundle, runtime):
    made = bundle(["cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start",
                   "/proc/sys/kernel/msgmax"])
    made.linux["sysctl"] = {"net.ipv4.ip_unprivileged_port_start": "0", "kernel.msgmax": "9000"}
    made.save()

    assert lines(runtime.run(made)) == ["0", "9000"]


@pytest.mark.parametrize("name, value", [
    ("kernel.core_pattern", "x"), ("net.ipv4.ip_forward", "1+kernel.core_pattern=x"),
    ("net/../kernel/core_pattern", "x"), ("vm.swappiness", "1")])
def test_other_sysctls_are_refused(bundle, runtime, name, value):
    before = pathlib.Path("/proc/sys/kernel/core_pattern").read_text()
    made = bundle(["true"])
    made.linux["sysctl"] = {name: value}
    made.save()

    assert runtime.run(made).returncode == 1
    assert pathlib.Path("/proc/sys/kernel/core_pattern").read_text() == before


def test_a_user_namespace_maps_root(bundle, runtime, own_rootfs):
    for path in [own_rootfs, *own_rootfs.rglob("*")]:
        os.chown(path, 100000, 100000, follow_symlinks=False)
    made = bundle(["sh", "-c", "id -u; cat /proc/self/uid_map; touch /made; echo x > /dev/null"],
                  rootfs=own_rootfs)
    made.set_namespace("user")
    mapping = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    made.linux["uidMappings"] = made.linux["gidMappings"] = mapping
    made.save()

    found = lines(runtime.run(made))

    assert found[0] == "0"
    assert found[1].split() == ["0", "100000", "65536"]
    assert (own_rootfs / "made").stat().st_uid == 100000


def test_a_namespace_can_be_joined_by_its_path(bundle, runtime):
    made = bundle(["sh", "-c", "readlink /proc/self/ns/net; readlink /proc/self/ns/ipc"])
    made.set_namespace("network", "/proc/self/ns/net")
    made.save()
    # The runtime's own network namespace is ours.
    found = lines(runtime.run(made))

    assert found[0] == os.readlink("/proc/self/ns/net")
    assert found[1] != os.readlink("/proc/self/ns/ipc")


@pytest.fixture
def other_user(bundle, runtime, own_rootfs):
    """A running container with a user namespace, and the pid of its first process."""
    for path in [own_rootfs, *own_rootfs.rglob("*")]:
        os.chown(path, 100000, 100000, follow_symlinks=False)
    made = bundle(["sleep", "1000"], rootfs=own_rootfs)
    made.set_namespace("user")
    made.linux["uidMappings"] = made.linux["gidMappings"] = [
        {"containerID": 0, "hostID": 100000, "size": 65536}]
    made.save()
    subprocess.run(runtime.command("run", "-d", "--bundle", made, made.id), check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=60)
    yield runtime.state(made.id)["pid"]
    runtime("delete", "-f", made.id)


@pytest.mark.parametrize("network", ["new", "theirs", "ours"])
def test_a_user_namespace_can_be_joined(bundle, runtime, own_rootfs, other_user, network):
    kinds = ("user", "net", "mnt", "ipc", "pid")
    made = bundle(["sh", "-c", "cd /proc/self/ns; for i in user net mnt ipc; do "
                   "readlink $i; done; id -u; "
                   "cat /proc/self/uid_map; hostname x; hostname; echo $$; touch /made; "
                   "ip link set lo down 2>/dev/null && echo owner; echo x > /dev/null"],
                  rootfs=own_rootfs)
    made.process["capabilities"]["bounding"] = made.process["capabilities"]["effective"] = \
        made.process["capabilities"]["permitted"] = ["CAP_SYS_ADMIN", "CAP_NET_ADMIN"]
    made.set_namespace("user", f"/proc/{other_user}/ns/user")
    if network != "new":
        made.set_namespace("network",
                           f"/proc/{other_user if network == 'theirs' else 'self'}/ns/net")
    made.save()

    found = lines(runtime.run(made))

    theirs = {kind: os.readlink(f"/proc/{other_user}/ns/{kind}") for kind in kinds}
    ours = {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in kinds}
    assert found[0] == theirs["user"] != ours["user"]
    assert (found[1] == theirs["net"]) == (network == "theirs")
    assert (found[1] == ours["net"]) == (network == "ours")
    assert found[2] not in (theirs["mnt"], ours["mnt"])
    assert found[3] not in (theirs["ipc"], ours["ipc"])
    assert found[4] == "0"
    assert found[5].split() == ["0", "100000", "65536"]
    # Its new namespaces belong to the user namespace, and so do the other container's.
    assert found[6:8] == ["x", "1"]
    assert found[8:] == ([] if network == "ours" else ["owner"])
    assert (own_rootfs / "made").stat().st_uid == 100000


def test_a_container_in_a_joined_user_namespace_can_be_entered_and_ended(bundle, runtime,
                                                                        own_rootfs, other_user):
    made = bundle(["sleep", "1000"], rootfs=own_rootfs)
    made.set_namespace("user", f"/proc/{other_user}/ns/user")
    made.save()
    subprocess.run(runtime.command("run", "-d", "--bundle", made, made.id), check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=60)

    found = lines(runtime("exec", made.id, "sh", "-c", "readlink /proc/self/ns/user; id -u"))
    runtime("delete", "-f", made.id)

    assert found == [os.readlink(f"/proc/{other_user}/ns/user"), "0"]
    assert pathlib.Path(f"/proc/{other_user}").exists()


@pytest.fixture
def other_mounts(tmp_path):
    """The pid of a process with a mount namespace of its own, which has something at `there`."""
    (tmp_path / "there").mkdir()
    with subprocess.Popen(
            ["unshare", "-m", "--propagation", "private", "sh", "-c",
             f"mount -t tmpfs mine {tmp_path}/there; touch {tmp_path}/there/mark; echo; "
             "exec sleep 1000"], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process.pid
        process.kill()


def test_a_mount_namespace_can_be_joined(bundle, runtime, own_rootfs, other_mounts, tmp_path):
    made = bundle(["sh", "-c", "readlink /proc/self/ns/mnt; ls -d /bin /proc/1; echo $$; "
                   f"ls {tmp_path}; touch /dev/shm/x /made && mount | grep -c ' /dev/shm '"],
                  rootfs=own_rootfs)
    made.set_namespace("mount", f"/proc/{other_mounts}/ns/mnt")
    made.save()
    host = pathlib.Path("/proc/self/mountinfo").read_text()

    found = runtime.run(made)

    assert found.stdout.splitlines() == [
        os.readlink(f"/proc/{other_mounts}/ns/mnt"), "/bin", "/proc/1", "1", "1"], found.stderr
    assert "No such file" in found.stderr
    # Others see its mounts below its root and have their own root still; the host sees nothing.
    there = pathlib.Path(f"/proc/{other_mounts}/mountinfo").read_text()
    assert f" {own_rootfs}/dev/shm " in there
    assert pathlib.Path(f"/proc/{other_mounts}/root{tmp_path}/there/mark").exists()
    assert pathlib.Path("/proc/self/mountinfo").read_text() == host


def test_exec_in_a_joined_mount_namespace_is_in_the_containers_root(bundle, runtime, own_rootfs,
                                                                    other_mounts, tmp_path):
    (own_rootfs / "only-here").write_text("")
    made = bundle(["sleep", "1000"], rootfs=own_rootfs)
    made.set_namespace("mount", f"/proc/{other_mounts}/ns/mnt")
    made.save()
    subprocess.run(runtime.command("run", "-d", "--bundle", made, made.id), check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=60)

    result = runtime("exec", made.id, "ls", "/only-here", tmp_path, check=False)
    runtime("delete", "-f", made.id)

    assert result.stdout == "/only-here\n"


@pytest.mark.parametrize("kind, name", [("mount", "mnt"), ("user", "user")])
def test_the_runtimes_own_mount_and_user_namespaces_cannot_be_joined(bundle, runtime, kind, name):
    made = bundle(["true"])
    made.set_namespace(kind, f"/proc/self/ns/{name}")
    made.save()

    error = runtime.run(made).stderr

    assert f"/proc/self/ns/{name} is the runtime's own {kind} namespace" in error


@pytest.mark.parametrize("kind", ["mount", "user"])
def test_a_joined_namespace_must_be_of_its_kind(bundle, runtime, kind):
    made = bundle(["true"])
    made.set_namespace(kind, "/proc/self/ns/net")
    made.save()

    assert f"/proc/self/ns/net is not a namespace of type {kind}" in runtime.run(made).stderr


def test_an_overlay_cannot_go_into_a_joined_mount_namespace(bundle, runtime, other_mounts):
    made = bundle(["true"])
    made.set_namespace("mount", f"/proc/{other_mounts}/ns/mnt")
    made.config["mounts"].append({"destination": "/o", "type": "overlay", "source": "overlay",
                                  "options": ["lowerdir=/etc:/usr"]})
    made.save()

    assert "joining a mount namespace excludes the overlay at /o" in runtime.run(made).stderr


def test_a_path_that_is_another_kind_of_namespace_is_refused(bundle, runtime):
    made = bundle(["true"])
    made.set_namespace("ipc", "/proc/self/ns/net")
    made.save()

    assert "/proc/self/ns/net is not a namespace of type ipc" in runtime.run(made).stderr


@pytest.mark.skipif(not os.path.exists("/proc/self/ns/time"), reason="no time namespaces here")
def test_a_time_namespace_has_its_offsets(bundle, runtime):
    made = bundle(["cut", "-d.", "-f1", "/proc/uptime"])
    made.set_namespace("time")
    made.linux["timeOffsets"] = {"boottime": {"secs": 1_000_000}}
    made.save()

    assert int(runtime.run(made).stdout) > 1_000_000


def test_without_a_cgroup_namespace_the_hosts_cgroups_are_read_only(bundle, runtime):
    """R-14"""
    made = bundle(["sh", "-c", "mkdir /sys/fs/cgroup/x; mkdir /sys/fs/cgroup/ikada/x; "
                   "grep ' /sys/fs/cgroup ' /proc/self/mountinfo"])
    made.drop_namespace("cgroup")
    made.save()

    result = runtime.run(made)

    assert result.stderr.count("Read-only file system") == 2
    assert " ro," in result.stdout


def test_limits_without_their_controller_are_an_error_that_names_it(bundle, runtime):
    available = pathlib.Path("/sys/fs/cgroup/cgroup.controllers")
    if not available.exists():
        available = pathlib.Path("/sys/fs/cgroup/unified/cgroup.controllers")
    if "memory" in available.read_text().split():
        pytest.skip("this host has the memory controller")
    made = bundle(["true"])
    made.linux["resources"] = {"memory": {"limit": 1 << 26}}
    made.save()

    result = runtime.run(made)

    assert result.returncode == 1
    assert "memory" in result.stderr


def test_no_annotation_changes_anything(bundle, runtime):
    """R-21"""
    plain = bundle(["grep", "Cap", "/proc/self/status"])
    marked = bundle(["grep", "Cap", "/proc/self/status"])
    marked.config["annotations"] = {
        "run.oci.keep_original_groups": "1", "run.oci.hooks.stdout": "/tmp/x",
        "io.kubernetes.cri-o.userns-mode": "auto", "org.systemd.property.KillMode": "'none'",
        "run.oci.seccomp.receiver": "/tmp/x", "run.oci.mount_context_type": "x"}
    marked.save()

    assert runtime.run(plain).stdout == runtime.run(marked).stdout


@pytest.mark.parametrize("change, field", [
    (lambda c: c.pop("ociVersion"), "ociVersion"),
    (lambda c: c.update(ociVersion="2.0"), "ociVersion"),
    (lambda c: c["process"].update(args=[]), "process.args"),
    (lambda c: c["process"].update(args=["a\0b"]), "process.args"),
    (lambda c: c["process"].update(cwd="relative"), "process.cwd"),
    (lambda c: c["process"]["user"].update(uid=-1), "process.user.uid"),
    (lambda c: c["process"]["user"].update(uid=1 << 32), "process.user.uid"),
    (lambda c: c["process"]["user"].update(uid=(1 << 32) - 1), "process.user.uid"),
    (lambda c: c["process"]["user"].update(uid="0"), "process.user.uid"),
    (lambda c: c["process"]["user"].update(uid=0.5), "process.user.uid"),
    (lambda c: c["process"]["capabilities"].update(bounding=["CAP_NOSUCH"]), "CAP_NOSUCH"),
    (lambda c: c["linux"]["namespaces"].append({"type": "nosuch"}), "linux.namespaces[6].type"),
    (lambda c: c["linux"]["namespaces"].append({"type": "pid"}), "linux.namespaces[6].type"),
    (lambda c: c["mounts"].append({"type": "tmpfs"}), "mounts[7].destination"),
    (lambda c: c["process"].update(env="A=b"), "process.env"),
    (lambda c: c["root"].pop("path"), "root.path"),
])
def test_a_wrong_config_names_the_field(bundle, runtime, change, field):
    made = bundle(["true"])
    change(made.config)
    made.save()

    result = runtime.run(made)

    assert result.returncode == 1
    assert field in result.stderr
    assert not runtime.root.exists() or list(runtime.root.iterdir()) == []
