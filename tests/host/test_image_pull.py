"""Pulling: what is unpacked, what is shared and resumed, and what is left after failures."""

import os
import random
import signal
import stat
import subprocess
import tarfile
import threading
import time

import pytest

import images
import programs
import scripted_registry
from images import entry, layer_of_entries

MIB = 1 << 20


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def big_image(seed=1, layers=2, size=4 * MIB):
    return images.Image([
        layer_of_entries([entry(f"noise{number}", noise(size, seed * 100 + number))])
        for number in range(layers)])


@pytest.fixture
def server(no_leaks):
    registry = scripted_registry.ScriptedRegistry().start()
    yield registry
    registry.stop()


def names(path):
    return sorted(os.listdir(path))


def layer_path(ikada, layer):
    return ikada.root / "layers" / "sha256" / layer.digest.removeprefix("sha256:")


def blobs(ikada):
    return set(names(ikada.root / "images" / "blobs" / "sha256"))


def assert_nothing_is_left(ikada):
    assert ikada("images", "-q").stdout == ""
    assert names(ikada.root / "layers" / "sha256") == []
    assert names(ikada.root / "layers" / "staging") == []


def refused(ikada, *arguments):
    result = ikada(*arguments, check=False)
    assert result.returncode == 1, result
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def describe(path):
    """All that tar keeps of a tree: name → type, mode, owner, time, size, target, links."""
    found, inodes = {}, {}
    for directory, directories, files in os.walk(path):
        for name in directories + files:
            place = os.path.join(directory, name)
            status = os.lstat(place)
            relative = os.path.relpath(place, path)
            first = inodes.setdefault(status.st_ino, relative)
            kind = stat.S_IFMT(status.st_mode)
            content = target = None
            if kind == stat.S_IFREG:
                with open(place, "rb") as file:
                    content = images.digest_of(file.read())
            elif kind == stat.S_IFLNK:
                target = os.readlink(place)
            found[relative] = (oct(status.st_mode), status.st_uid, status.st_gid, status.st_rdev,
                               int(status.st_mtime), first, content, target)
    return found


def test_a_pull_says_what_it_does_in_dockers_words(ikada, registry):
    image = big_image(2, layers=1)
    registry.push("words", "1", image)
    name = f"{registry.address}/words:1"
    layer = images.digest_of(image.layers[0].data)[7:19]

    first = ikada("pull", name).stdout.splitlines()
    second = ikada("pull", name).stdout.splitlines()

    assert first == [
        "1: Pulling from words",
        f"{layer}: Pulling fs layer",
        f"{layer}: Extracting",
        f"{layer}: Pull complete",
        f"Digest: {image.digest}",
        f"Status: Downloaded newer image for {name}",
        name,
    ]
    assert second == [
        "1: Pulling from words",
        f"{layer}: Already exists",
        f"Digest: {image.digest}",
        f"Status: Image is up to date for {name}",
        name,
    ]
    assert ikada("pull", "-q", name).stdout == f"{name}\n"


def test_a_default_tag_is_named(ikada, registry):
    registry.push("default", "latest", big_image(3, layers=1))

    lines = ikada("pull", f"{registry.address}/default").stdout.splitlines()

    assert lines[:2] == ["Using default tag: latest", "latest: Pulling from default"]


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_a_layer_is_unpacked_as_tar_does(ikada, registry, tmp_path, compression):
    long = "n" * 200
    layer = layer_of_entries([
        entry("d", mode=0o2750, uid=7, gid=8, mtime=1_000_000_000),
        entry("d/file", "text", mode=0o4711, uid=9, gid=10, mtime=1_100_000_000),
        entry("d/hard", type=tarfile.LNKTYPE, linkname="d/file"),
        entry("d/symbolic", type=tarfile.SYMTYPE, linkname="/etc/passwd", mtime=1_200_000_000),
        entry("d/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666),
        entry("d/loop", type=tarfile.BLKTYPE, devmajor=7, devminor=1, mode=0o660),
        entry("d/pipe", type=tarfile.FIFOTYPE, mode=0o600),
        entry(f"{long}/{long}", noise(300_000)),
        entry("käse/naïve", "text"),
    ], compression)
    registry.push("as-tar", compression, images.Image([layer]))

    ikada("pull", "-q", f"{registry.address}/as-tar:{compression}")

    expected = tmp_path / "expected"
    expected.mkdir()
    tar = layer_of_entries([], "none")  # The tar of the same layer, unpacked by tar itself.
    packed = tmp_path / f"layer.{compression}"
    packed.write_bytes(layer.data)
    option = {"none": [], "gzip": ["-z"], "zstd": ["--zstd"]}[compression]
    programs.run("tar", "-x", *option, "-p", "--same-owner", "-f", packed, "-C", expected)
    ours, theirs = describe(layer_path(ikada, layer)), describe(expected)
    implied = {long, "käse"}  # Not in the tar: their times are those of unpacking.
    assert ours.keys() == theirs.keys()
    for name in ours:
        if name not in implied:
            assert ours[name] == theirs[name], name
    assert tar.diff_id != layer.diff_id


def test_an_image_of_several_layers_is_as_umoci_unpacks_it(ikada, registry, tmp_path,
                                                            busybox_rootfs):
    base = images.layer_of_directory(busybox_rootfs)
    change = layer_of_entries([
        entry("bin/.wh.busybox-not-there"),
        entry("etc/", mode=0o755),
        entry("etc/.wh..wh..opq", ""),
        entry("etc/only", "this\n"),
        entry("added/", mode=0o700),
    ])
    image = images.Image([base, change])
    images.write_layout(tmp_path / "layout", image)
    registry.push("several", "1", image)

    ikada("pull", "-q", f"{registry.address}/several:1")
    programs.run("umoci", "unpack", "--image", f"{tmp_path}/layout:latest", tmp_path / "umoci")

    merged = tmp_path / "merged"
    merged.mkdir()
    lower = ":".join(str(layer_path(ikada, each)) for each in reversed(image.layers))
    programs.run("mount", "-t", "overlay", "-o", f"ro,lowerdir={lower}", "overlay", merged)
    try:
        ours = describe(merged)
    finally:
        programs.run("umount", merged)
    theirs = describe(tmp_path / "umoci" / "rootfs")
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name][:4] + ours[name][6:] !=
            theirs[name][:4] + theirs[name][6:] and name not in ("bin",)] == []


def test_skopeo_reads_the_store(ikada, registry, tmp_path):
    image = big_image(4, layers=1)
    registry.push("team/read", "1.0", image)
    name = f"{registry.address}/team/read:1.0"
    ikada("pull", "-q", name)
    ikada("tag", name, "mine:2")

    for reference in (name, "docker.io/library/mine:2"):
        programs.run("skopeo", "inspect", f"oci:{ikada.root}/images:{reference}")
        programs.run("skopeo", "copy", "-q", f"oci:{ikada.root}/images:{reference}",
                     f"dir:{tmp_path}/copy")
    assert images.digest_of((tmp_path / "copy" / "manifest.json").read_bytes()) == image.digest


def test_the_store_is_closed_to_other_users(ikada, registry):
    layer = layer_of_entries([entry("su", "program", mode=0o4755)])
    registry.push("closed", "1", images.Image([layer]))

    ikada("pull", "-q", f"{registry.address}/closed:1", umask=0)

    for path in ("images", "layers", "images/blobs", "images/blobs/sha256", "images/partial",
                 "layers/sha256", "layers/staging"):
        assert stat.S_IMODE(os.stat(ikada.root / path).st_mode) == 0o700, path
    for blob in (ikada.root / "images" / "blobs" / "sha256").iterdir():
        assert stat.S_IMODE(blob.stat().st_mode) == 0o600, blob
    place = layer_path(ikada, layer) / "su"
    assert place.exists()
    look = programs.run("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups",
                        "stat", place, check=False)
    assert look.returncode == 1


def test_two_pulls_at_once_share_the_work(ikada, server):
    image = big_image(5, layers=3)
    server.add("shared", "1", image)
    server.script("/v2/shared/blobs/", lambda call: time.sleep(0.3) or False)
    name = f"{server.address}/shared:1"

    pulls = [ikada.popen("pull", "-q", name, stdout=subprocess.PIPE) for _ in range(3)]
    answers = [each.communicate(timeout=60)[0] for each in pulls]

    assert [each.returncode for each in pulls] == [0, 0, 0]
    assert answers == [f"{name}\n".encode()] * 3
    for layer in image.layers:
        digest = images.digest_of(layer.data)
        assert len(server.calls_to(f"/v2/shared/blobs/{digest}")) == 1
    assert ikada("images", "-q").stdout.split() == [image.id[7:19]]
    assert names(ikada.root / "layers" / "staging") == []


def test_images_that_share_layers_are_pulled_at_once_without_waiting_in_a_circle(ikada, server):
    shared = [layer_of_entries([entry(f"s{n}", noise(MIB, n))]) for n in range(4)]
    server.add("forth", "1", images.Image(shared))
    server.add("back", "1", images.Image(shared[::-1]))

    pulls = [ikada.popen("pull", "-q", f"{server.address}/{name}:1", stdout=subprocess.DEVNULL)
             for name in ("forth", "back") * 2]

    assert [each.wait(timeout=60) for each in pulls] == [0] * 4
    assert len(ikada("images", "-q").stdout.split()) == 2


def test_a_layer_that_an_image_has_twice_is_unpacked_once(ikada, server):
    layer = layer_of_entries([entry("x", "x")])
    server.add("twice", "1", images.Image([layer, layer_of_entries([entry("y", "y")]), layer]))

    ikada("pull", "-q", f"{server.address}/twice:1")

    assert len(names(ikada.root / "layers" / "sha256")) == 2


def test_a_killed_pull_is_resumed_where_it_stopped(ikada, server):
    image = big_image(6, layers=1, size=8 * MIB)
    server.add("killed", "1", image)
    digest = images.digest_of(image.layers[0].data)
    path = f"/v2/killed/blobs/{digest}"
    go_on = threading.Event()

    def stall(call):
        if call.number > 0:
            return False
        handler = call._handler
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(image.layers[0].data)))
        handler.end_headers()
        handler.wfile.write(image.layers[0].data[:5 * MIB])
        handler.wfile.flush()
        go_on.wait(120)
        handler.close_connection = True
        return True

    server.script(path, stall)
    pull = ikada.popen("pull", "-q", f"{server.address}/killed:1")
    partial = ikada.root / "images" / "partial" / digest[7:]
    deadline = time.monotonic() + 60
    while not (partial.exists() and partial.stat().st_size >= 4 * MIB):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    pull.send_signal(signal.SIGKILL)
    pull.wait(timeout=30)
    go_on.set()
    kept = partial.stat().st_size

    assert_nothing_is_left(ikada)
    ikada("pull", "-q", f"{server.address}/killed:1")

    assert server.calls_to(path)[-1].headers["Range"] == f"bytes={kept}-"
    assert names(ikada.root / "images" / "partial") == []
    assert (layer_path(ikada, image.layers[0]) / "noise0").read_bytes() == noise(8 * MIB, 600)


def test_kills_at_any_moment_leave_nothing_that_looks_like_an_image(ikada, registry):
    image = big_image(7, layers=4, size=2 * MIB)
    registry.push("kills", "1", image)
    name = f"{registry.address}/kills:1"
    for step in range(25):
        pull = ikada.popen("pull", "-q", name, stdout=subprocess.DEVNULL)
        time.sleep(0.004 * step)
        pull.send_signal(signal.SIGKILL)
        pull.wait(timeout=30)

        listed = ikada("images", "-q").stdout.split()
        assert names(ikada.root / "layers" / "staging") == []
        for layer in image.layers:
            place = layer_path(ikada, layer)
            if place.exists():
                [file] = place.iterdir()
                assert file.stat().st_size == 2 * MIB
        if listed:
            ikada("rmi", name)

    ikada("pull", "-q", name)
    assert ikada("images", "-q").stdout.split() == [image.id[7:19]]


def test_a_truncated_layer_is_refused(ikada, server):
    image = big_image(8, layers=1)
    image.layers[0].data = image.layers[0].data[:-1000]
    server.add("truncated", "1", images.Image(image.layers))
    name = f"{server.address}/truncated:1"

    assert "truncated" in refused(ikada, "pull", "-q", name)
    assert_nothing_is_left(ikada)


@pytest.mark.parametrize("place", ["first", "middle", "last", "extra"])
def test_wrong_bytes_are_refused_and_fetched_anew(ikada, server, place):
    image = big_image(9, layers=1)
    good = image.layers[0].data
    bad = bytearray(good)
    if place == "extra":
        bad += b"x"
    else:
        bad[{"first": 20, "middle": len(bad) // 2, "last": len(bad) - 1}[place]] ^= 0xff
    server.add("wrong", "1", image)
    digest = images.digest_of(good)
    path = f"/v2/wrong/blobs/{digest}"
    wrong = True
    server.script(path, lambda call: wrong and scripted_registry.serve_range(call, bytes(bad)))
    name = f"{server.address}/wrong:1"

    message = refused(ikada, "pull", "-q", name)

    assert "mismatch" in message or "bytes" in message
    assert_nothing_is_left(ikada)
    assert digest[7:] not in blobs(ikada)
    wrong = False
    ikada("pull", "-q", name)


def test_a_layer_that_is_not_the_one_its_image_names_is_refused(ikada, server):
    layer = layer_of_entries([entry("x", "x")])
    layer.diff_id = images.digest_of(b"something else")
    server.add("diff-id", "1", images.Image([layer]))

    assert "digest mismatch of the unpacked layer" in refused(
        ikada, "pull", "-q", f"{server.address}/diff-id:1")
    assert_nothing_is_left(ikada)


def test_a_layer_that_is_there_is_refused_to_an_image_that_lies_about_it(ikada, server):
    layer = layer_of_entries([entry("x", "x")])
    server.add("honest", "1", images.Image([layer]))
    ikada("pull", "-q", f"{server.address}/honest:1")
    layer.diff_id = images.digest_of(b"something else")
    server.add("liar", "1", images.Image([layer]))

    assert "digest mismatch of the unpacked layer" in refused(
        ikada, "pull", "-q", f"{server.address}/liar:1")

    assert names(ikada.root / "layers" / "sha256") == [layer.digest[7:]]
    assert (layer_path(ikada, layer) / "x").read_text() == "x"


def test_a_layer_that_escapes_is_refused_in_one_line(ikada, server, tmp_path):
    layer = layer_of_entries([entry("../../../../../tmp/escaped\x1b[2J", "x")])
    server.add("escape", "1", images.Image([layer]))

    message = refused(ikada, "pull", "-q", f"{server.address}/escape:1")

    assert "leaves the root" in message
    assert "\x1b" not in message
    assert_nothing_is_left(ikada)


def test_one_bad_layer_ends_the_pull_of_the_others(ikada, server):
    bad = layer_of_entries([entry("../x", "x")])
    good = [layer_of_entries([entry(f"n{n}", noise(MIB, n))]) for n in range(3)]
    server.add("mixed", "1", images.Image([*good, bad]))

    refused(ikada, "pull", "-q", f"{server.address}/mixed:1")

    assert ikada("images", "-q").stdout == ""
    assert names(ikada.root / "layers" / "staging") == []


def test_a_full_disk_is_one_line_and_leaves_room_again(ikada, registry):
    image = big_image(10, layers=2, size=6 * MIB)
    registry.push("full", "1", image)
    small = big_image(11, layers=1, size=MIB)
    registry.push("full", "small", small)
    ikada.root.mkdir()
    programs.run("mount", "-t", "tmpfs", "-o", "size=12m,mode=0700", "none", ikada.root)
    try:
        message = refused(ikada, "pull", "-q", f"{registry.address}/full:1")

        assert "No space left on device" in message
        assert_nothing_is_left(ikada)
        ikada("pull", "-q", f"{registry.address}/full:small")
        assert ikada("images", "-q").stdout.split() == [small.id[7:19]]
    finally:
        programs.run("umount", ikada.root)


def test_a_registry_that_is_down_is_one_line(ikada, server):
    address = server.address
    server.add("down", "1", big_image(12))
    server.stop()
    try:
        refused(ikada, "pull", "-q", f"{address}/down:1")
    finally:
        server.stop = lambda: None
    assert not (ikada.root / "layers").exists() or names(ikada.root / "layers" / "staging") == []


def test_progress_bars_are_drawn_on_a_terminal_only(ikada, registry):
    registry.push("bars", "1", big_image(13, layers=2))
    name = f"{registry.address}/bars:1"

    command = " ".join(ikada.command("pull", name))
    seen = programs.run("script", "-qec", command, "/dev/null", env=ikada.environment).stdout

    assert "\x1b[2A" in seen and "Pull complete" in seen
    assert "Downloading  [" in seen
