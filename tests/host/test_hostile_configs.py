"""Images whose config is made to deceive the runtime, through a real `ikada run`."""

import json

import pytest

import image_canary
import images
import scripted_registry
from images import entry, layer_of_entries


@pytest.fixture(scope="module")
def base(busybox_rootfs):
    return images.layer_of_directory(busybox_rootfs)


@pytest.fixture
def run(ikada, base, tmp_path, no_leaks):
    """run(config, *command, layers=[…]) → the result, after the check of the canary."""
    server = scripted_registry.ScriptedRegistry().start()
    watched = image_canary.Canary(tmp_path / "canary")
    numbers = iter(range(100))

    def start(config, *command, layers=(), options=()):
        image = images.Image([base, *layers], config={
            "Env": ["PATH=/bin:/usr/bin:/sbin"], "Cmd": ["true"], **config})
        name = f"image{next(numbers)}"
        server.add(name, "1", image)
        result = ikada("run", "--rm", "--network", "none", *options, f"{server.address}/{name}:1",
                       *command, check=False)
        watched.check()
        return result

    start.canary = watched
    start.ikada = ikada
    yield start
    server.stop()


USERS = ["", "0", "root", "1000", "1000:1000", "-1", "+0", "0x0", "010", "1e3", "2147483647",
         "2147483648", "4294967294", "4294967295", "4294967296", "0:4294967296", "1000:4294967295",
         "18446744073709551616", ":0", "1000:", ":", " 0", "0 ", "1000:0:0", "nobody-here",
         "root:nobody-here", "٠", "１", "00000000000000000000000", "1000:-1", "../root", "%d"]


def test_a_user_is_the_one_meant_or_refused(run):
    """R-18: never uid 0 by accident."""
    for user in USERS:
        result = run({"User": user}, "id", "-u")
        if result.returncode != 0:
            assert len(result.stderr.splitlines()) == 2 + result.stderr.count("Unable") - 1 or \
                result.stderr, (user, result)
            continue
        name = user.partition(":")[0]
        meant = {"": 0, "root": 0}.get(name)
        if meant is None:
            assert name.isascii() and name.isdigit(), (user, result.stdout)
            meant = int(name)
        assert int(result.stdout) == meant, user
        assert meant < 4294967295, user


@pytest.mark.parametrize("suffix", ["", "/..", "/../..", "/../../../../.."])
def test_a_working_directory_is_inside(run, suffix):
    """R-12: no descriptor of the host's leads out."""
    for number in range(3, 12):
        result = run({"WorkingDir": f"/proc/self/fd/{number}{suffix}"}, "sh", "-c",
                     f"ls ../../../../../../../..{run.canary.path} && echo ESCAPED; pwd")
        assert "ESCAPED" not in result.stdout, (number, suffix)


@pytest.mark.parametrize("directory", ["/../../../..", "/proc/1/cwd", "/proc/1/root", "/dev/fd/5"])
def test_a_working_directory_is_not_above_the_root(run, directory):
    result = run({"WorkingDir": directory}, "sh", "-c",
                 f"ls {run.canary.path} ../../../..{run.canary.path}; ls bin/busybox /bin/busybox")

    assert "secret" not in result.stdout
    if result.returncode == 0:
        assert "/bin/busybox" in result.stdout


def test_a_working_directory_is_not_made_through_a_link_to_the_host(run):
    link = layer_of_entries([entry("w", type=b"2", linkname=str(run.canary.path)),
                             entry("u", type=b"2", linkname="../" * 20 + str(run.canary.path)[1:])])
    for directory in ("/w/new", "/u/new", "/w", "/u/etc"):
        run({"WorkingDir": directory}, "pwd", layers=[link])


@pytest.mark.parametrize("path", ["/../../CANARY", "/v", "/v/etc", "/u", "/proc", "/sys", "/dev",
                                  "/", "relative", "", "/etc/passwd", "/proc/self/fd/3"])
def test_a_volume_holds_nothing_of_the_host(run, path):
    """R-23, R-03."""
    canary_path = str(run.canary.path)
    link = layer_of_entries([entry("v", type=b"2", linkname=canary_path),
                             entry("u", type=b"2", linkname="../" * 20 + canary_path[1:])])

    result = run({"Volumes": {path.replace("/CANARY", canary_path): {}}}, "sh", "-c",
                 f"ls {canary_path} /v/ /u/ 2>/dev/null; head -c 20 /v/secret /u/secret",
                 layers=[link])

    assert "sentinel" not in result.stdout and "secret" not in result.stdout


def test_lines_in_values_add_no_line_to_the_containers_files(run):
    """R-19."""
    files = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
    plain = run({}, "grep", "-c", "", *files)
    hostile = run({"Env": ["PATH=/bin", "HOME=/root\nevil::0:0::/:/bin/sh",
                           "HOSTNAME=a\n1.2.3.4 b"],
                   "Labels": {"a\nb": "c\nd"}, "Hostname": "x\ny", "Domainname": "x\ny"},
                  "grep", "-c", "", *files)

    assert hostile.returncode == 0 and hostile.stdout == plain.stdout


RESERVED = ["containerd.io/restart.loguri", "io.containerd.runc.v2.group",
            "io.kubernetes.cri-o.umask", "io.kubernetes.cri.container-type",
            "run.oci.keep_original_groups", "run.oci.hooks.stderr",
            "run.oci.seccomp_fail_unknown_syscall",
            "run.oci.handler", "org.systemd.property.ExecStart", "org.criu.config",
            "org.opencontainers.runc.exec.isolated-cpu", "module.wasm.image/variant",
            "ikada.runtime", "ikada.log-driver", "ikada/privileged", "com.docker.network.driver"]


def test_labels_are_words_and_no_orders(run, tmp_path):
    """R-27, R-21: the label is kept, and nothing is done because of it."""
    marker = tmp_path / "marker"
    labels = {key: f"binary:///bin/touch?{marker}={marker}" for key in RESERVED}
    ikada = run.ikada

    result = run({"Labels": labels}, "id", "-u", options=("--name", "labelled"))
    assert result.returncode == 0 and result.stdout == "0\n"
    created = ikada("create", "--network", "none", ikada("images", "-q").stdout.split()[0], "true")
    inspected = ikada.inspect(created.stdout.strip())
    assert labels.items() <= inspected["Config"]["Labels"].items()
    [container] = (ikada.root / "containers").iterdir()
    config = json.loads((container / "config.json").read_text())

    assert not labels.keys() & config.get("annotations", {}).keys()
    assert "hooks" not in config
    assert not marker.exists()


@pytest.mark.parametrize("config", [
    {"StopSignal": "SIGNOPE"}, {"StopSignal": "-9"}, {"StopSignal": "99999999999"},
    {"Entrypoint": [""], "Cmd": []}, {"Entrypoint": ["/no/such"], "Cmd": []},
    {"Cmd": ["/proc/self/exe", "--help"]}, {"Cmd": ["/proc/self/fd/3"]},
    {"Entrypoint": ["/bin/../../../../../../bin/sh", "-c", "exit 3"]},
    {"Cmd": ["x" * 200_000]}, {"ExposedPorts": {"99999/tcp": {}, "x": {}, "-1/udp": {}}},
    {"Env": ["LD_PRELOAD=/evil.so", "IKADA_ROOT=/x", "IKADA_CONFIG=/x", "PATH=/bin"]}])
def test_an_odd_config_ends_in_an_error_or_in_a_container(run, config):
    result = run(config)

    assert result.returncode in (0, 1, 2, 3, 125, 126, 127), result
    assert run.ikada.containers() == []
