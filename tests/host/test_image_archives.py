"""Images and containers as archives: commit, diff, export, import, save, load, and back."""

import bz2
import gzip
import io
import json
import lzma
import subprocess
import tarfile
import time

import pytest

import images
import programs


@pytest.fixture
def box(ikada, busybox_image):
    """busybox:latest in an empty root."""
    ikada("pull", "-q", busybox_image)
    ikada("tag", busybox_image, "busybox")
    ikada("rmi", busybox_image)
    return ikada


def run_and_change(ikada, name="changed"):
    ikada("run", "--name", name, "-e", "COLOUR=blue", "busybox", "sh", "-c",
          "mkdir -p /srv/new && echo hello > /srv/new/file && ln /srv/new/file /srv/link"
          " && rm /bin/ls && echo x >> /etc/passwd && chmod 1777 /srv && mkfifo /srv/pipe")
    return name


def failure(ikada, *arguments, **options):
    result = ikada(*arguments, check=False, **options)
    assert result.returncode == 1, result
    return result.stderr.strip()


def members(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {each.name: each for each in tar.getmembers()}


def test_diff_lists_what_was_added_changed_and_deleted(box):
    run_and_change(box)

    lines = box("diff", "changed").stdout.splitlines()

    assert lines == sorted(lines, key=lambda line: line[2:])
    assert {"C /bin", "D /bin/ls", "C /etc", "C /etc/passwd", "A /srv/new", "A /srv/new/file",
            "A /srv/link", "A /srv/pipe"} <= set(lines)
    assert not [line for line in lines if line[2:6] in ("/dev", "/sys") or "hosts" in line]
    assert "No such container" in failure(box, "diff", "nobody")


def test_commit_keeps_files_and_settings(box):
    run_and_change(box)

    image = box("commit", "-a", "Ada", "-m", "why", "-c", "EXPOSE 80", "-c", "LABEL k=v",
                "-c", 'CMD ["cat", "/srv/new/file"]', "changed", "made:1").stdout.strip()

    assert box("run", "--rm", "made:1").stdout == "hello\n"
    assert box("run", "--rm", "made:1", "sh", "-c", "echo $COLOUR; stat -c %a /srv; test -p "
               "/srv/pipe; test ! -e /bin/ls; stat -c %h /srv/link").stdout == "blue\n1777\n2\n"
    config = box.inspect("made:1")["Config"]
    assert config["ExposedPorts"] == {"80/tcp": {}}
    assert config["Labels"] == {"k": "v"}
    rows = [json.loads(line) for line in
            box("history", "--format", "json", "--no-trunc", "made:1").stdout.splitlines()]
    assert rows[0]["ID"] == image
    assert rows[0]["Comment"] == "why"
    assert rows[0]["CreatedBy"].startswith("sh -c mkdir -p /srv/new")
    assert rows[1]["ID"] == "<missing>"
    assert "not a valid change" in failure(box, "commit", "-c", "RUN x", "changed")


def test_commit_pauses_a_running_container_and_lets_it_go_on(box):
    box("run", "-d", "--name", "busy", "busybox", "sh", "-c",
        "i=0; while :; do i=$((i + 1)); echo $i > /next; mv /next /count; sleep 0.1; done")
    deadline = time.monotonic() + 60
    while box("exec", "busy", "test", "-e", "/count", check=False).returncode != 0:
        assert time.monotonic() < deadline

    box("commit", "busy", "snapshot")

    assert box.inspect("busy")["State"]["Status"] == "running"
    assert box("run", "--rm", "snapshot", "cat", "/count").stdout.strip().isdigit()


def test_export_and_import_keep_the_files(box, tmp_path):
    run_and_change(box)
    exported = subprocess.run(box.command("export", "changed"), env=box.environment,
                              capture_output=True, check=False)
    assert exported.stderr == b""
    data = exported.stdout
    box("export", "-o", tmp_path / "tree.tar", "changed")

    assert (tmp_path / "tree.tar").read_bytes() == data
    found = members(data)
    assert found["srv"].mode == 0o1777
    assert found["srv/new/file"].islnk() or found["srv/link"].islnk()
    assert "bin/ls" not in found
    for packed in ("none", "gzip", "zstd"):
        source = tmp_path / packed
        source.write_bytes(images.compress(data, packed))
        image = box("import", "-c", "CMD cat /srv/new/file", "-m", "back", source,
                    f"back:{packed}").stdout.strip()
        assert image.startswith("sha256:")
        assert box("run", "--rm", f"back:{packed}").stdout == "hello\n"
    with open(tmp_path / "tree.tar", "rb") as stdin:
        box("import", "-", "back:stdin", stdin=stdin)
    (tmp_path / "junk").write_bytes(b"no tar at all" * 1000)
    assert "ikada import: " in failure(box, "import", tmp_path / "junk", "junk")
    assert "No such image" in failure(box, "tag", "junk", "x")


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
def test_save_and_load_are_a_round_trip(box, tmp_path, kind):
    run_and_change(box)
    box("commit", "changed", "made:1")
    box("tag", "made:1", "other/name:2")
    before = {name: box.inspect(name)["Id"] for name in ("busybox", "made:1", "other/name:2")}
    archive = tmp_path / "all.tar"

    box("save", "--format", kind, "-o", archive, "busybox", "made:1", "other/name:2")
    box("rm", "changed")
    box("rmi", "-f", "busybox", "made:1", "other/name:2")
    assert box("images", "-q").stdout == ""
    loaded = box("load", "-i", archive).stdout.splitlines()

    assert sorted(loaded) == ["Loaded image: busybox:latest", "Loaded image: made:1",
                              "Loaded image: other/name:2"]
    assert {name: box.inspect(name)["Id"] for name in before} == before
    assert box("run", "--rm", "made:1", "cat", "/srv/new/file").stdout == "hello\n"
    with tarfile.open(archive) as tar:
        assert ("manifest.json" in tar.getnames()) == (kind == "docker-archive")
    # The same images give the same bytes.
    again = tmp_path / "again.tar"
    box("save", "--format", kind, "-o", again, "busybox", "made:1", "other/name:2")
    assert again.read_bytes() == archive.read_bytes()


def test_skopeo_reads_and_writes_the_archives(box, tmp_path):
    run_and_change(box)
    box("commit", "changed", "made:1")
    box("save", "-o", tmp_path / "docker.tar", "made:1")
    box("save", "--format", "oci-archive", "-o", tmp_path / "oci.tar", "made:1")
    wanted = box.inspect("made:1")["Id"]

    for source in (f"docker-archive:{tmp_path}/docker.tar", f"oci-archive:{tmp_path}/oci.tar",
                   f"oci-archive:{tmp_path}/docker.tar"):
        for target in ("docker-archive", "oci-archive"):
            copy = tmp_path / "copy.tar"
            copy.unlink(missing_ok=True)
            programs.run("skopeo", "--insecure-policy", "copy", "-q", source,
                         f"{target}:{copy}:example.com/copied:9")
            box("rmi", "-f", "example.com/copied:9", check=False)
            box("load", "-i", copy)
            assert box("run", "--rm", "example.com/copied:9", "cat",
                       "/srv/new/file").stdout == "hello\n"
            if target == "oci-archive":
                continue
            diff_ids = box.inspect("example.com/copied:9")["RootFS"]
            assert diff_ids == box.inspect(wanted)["RootFS"]


def pack(data, how):
    return {"bzip2": bz2.compress, "xz": lzma.compress}.get(
        how, lambda plain: images.compress(plain, how))(data)


@pytest.mark.parametrize("how", ["gzip", "zstd", "bzip2", "xz"])
def test_load_takes_packed_archives_and_archives_of_packed_layers(box, tmp_path, how):
    """Also from a pipe that gives a byte at a time in the beginning."""
    box("save", "-o", tmp_path / "plain.tar", "busybox")
    (tmp_path / "packed").write_bytes(pack((tmp_path / "plain.tar").read_bytes(), how))
    with tarfile.open(tmp_path / "plain.tar") as plain, \
            tarfile.open(tmp_path / "layers.tar", "w") as changed:
        layers = json.load(plain.extractfile("manifest.json"))[0]["Layers"]
        for each in plain.getmembers():
            data = plain.extractfile(each).read() if each.isfile() else b""
            if each.name in layers:
                tar = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
                data = pack(tar, how)
            if each.name == "index.json":
                continue
            each.size = len(data)
            changed.addfile(each, io.BytesIO(data))
    trickle = f"head -c 1 {tmp_path}/packed; sleep 0.1; tail -c +2 {tmp_path}/packed"

    for archive in (tmp_path / "packed", tmp_path / "layers.tar", None):
        box("rmi", "-f", "busybox")
        if archive is None:
            loading = subprocess.Popen(["sh", "-c", trickle], stdout=subprocess.PIPE)
            box("load", stdin=loading.stdout)
            loading.stdout.close()
            assert loading.wait() == 0
        else:
            box("load", "-i", archive)
        assert box("run", "--rm", "busybox", "echo", "hello").stdout == "hello\n"
    assert not list((box.root / "images" / "partial").iterdir())


def test_load_refuses_what_does_not_fit_its_digest(box, tmp_path):
    box("save", "-o", tmp_path / "good.tar", "busybox")
    box("rmi", "busybox")
    layer = None
    with tarfile.open(tmp_path / "good.tar") as good:
        manifest = json.load(good.extractfile("manifest.json"))
        layer = manifest[0]["Layers"][0]
        for keep_index in (True, False):
            with tarfile.open(tmp_path / "bad.tar", "w") as bad:
                for each in good.getmembers():
                    data = good.extractfile(each).read() if each.isfile() else b""
                    if each.name == layer:
                        data = images.compress(b"\0" * 10240, "gzip")
                    if each.name == "index.json" and not keep_index:
                        continue
                    each.size = len(data)
                    bad.addfile(each, io.BytesIO(data))
            message = failure(box, "load", "-i", tmp_path / "bad.tar")
            assert "digest mismatch" in message or "lacks blob" in message
    assert box("images", "-q").stdout == ""
    assert not list((box.root / "images" / "partial").iterdir())
    (tmp_path / "junk").write_bytes(b"junk" * 5000)
    assert "ikada load: " in failure(box, "load", "-i", tmp_path / "junk")
    with tarfile.open(tmp_path / "empty.tar", "w"):
        pass
    assert "no image archive" in failure(box, "load", "-i", tmp_path / "empty.tar")


def test_archives_are_not_written_to_a_terminal(box):
    for arguments in (("save", "busybox"), ("load",)):
        result = subprocess.run(
            ["script", "-qec", " ".join(box.command(*arguments)), "/dev/null"],
            env=box.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False)
        assert result.returncode == 1
        assert "terminal" in result.stdout or "stdin is empty" in result.stdout


def test_history_shows_dockers_columns(box):
    lines = box("history", "busybox").stdout.splitlines()

    assert lines[0].split() == ["IMAGE", "CREATED", "CREATED", "BY", "SIZE", "COMMENT"]
    assert "layer 0" in lines[1]
    assert box("history", "-q", "--no-trunc", "busybox").stdout.strip() == box.inspect(
        "busybox")["Id"]
    assert box("history", "--human=false", "--format", "{{.Size}} {{.CreatedAt}}",
               "busybox").stdout.split()[0].isdigit()
