"""`ikada cp`: docker's rules for names, and no way out of a container's root."""

import io
import os
import stat
import subprocess
import tarfile
import time

import pytest


def wait_ready(ikada, name):
    """Until its script has made /ready."""
    deadline = time.monotonic() + 60
    while ikada("exec", name, "test", "-e", "/ready", check=False).returncode != 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(params=["running", "stopped"])
def container(request, shared_ikada, busybox_image):
    """A container with /files/{one,link,deep/two} in its volume-less root."""
    name = f"cp-{request.param}"
    script = ("mkdir -p /files/deep; echo one > /files/one; chmod 640 /files/one;"
              "chown 5:6 /files/one; ln -s one /files/link; echo two > /files/deep/two;"
              "touch /ready; exec sleep 1000")
    shared_ikada("run", "-d", "--name", name, "--network", "none", "-v", f"{name}:/vol",
                 busybox_image, "sh", "-c", script)
    wait_ready(shared_ikada, name)
    if request.param == "stopped":
        shared_ikada("stop", "-t", "0", name)
    yield name
    shared_ikada("rm", "-f", name)


def inside(ikada, container, path):
    """What a file in the container holds, by a way that is not cp."""
    if ikada.inspect(container)["State"]["Running"]:
        return ikada("exec", container, "cat", path).stdout
    return (ikada.root / "containers" / ikada.inspect(container)["Id"] / "upper" /
            path.lstrip("/")).read_text()


def test_files_and_directories_come_out(shared_ikada, container, tmp_path):
    shared_ikada("cp", f"{container}:/files/one", tmp_path / "renamed")
    shared_ikada("cp", f"{container}:files/one", str(tmp_path) + "/")
    shared_ikada("cp", f"{container}:/files", tmp_path)
    shared_ikada("cp", f"{container}:/files/.", tmp_path / "content")
    shared_ikada("cp", f"{container}:/files/link", tmp_path)
    shared_ikada("cp", "-L", f"{container}:/files/link", tmp_path / "followed")

    assert (tmp_path / "renamed").read_text() == (tmp_path / "one").read_text() == "one\n"
    assert (tmp_path / "files/deep/two").read_text() == "two\n"
    assert (tmp_path / "content/deep/two").read_text() == "two\n"
    assert os.readlink(tmp_path / "link") == "one"
    assert (tmp_path / "followed").read_text() == "one\n"
    status = (tmp_path / "renamed").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (0, 0, 0o640)


def test_archive_mode_keeps_owners(shared_ikada, container, tmp_path):
    shared_ikada("cp", "-a", f"{container}:/files/one", tmp_path)

    status = (tmp_path / "one").stat()
    assert (status.st_uid, status.st_gid) == (5, 6)


def test_files_and_directories_go_in(shared_ikada, container, tmp_path):
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "one").write_text("new\n")
    (source / "deep/three").write_text("three\n")

    shared_ikada("cp", source, f"{container}:/new")
    shared_ikada("cp", str(source) + "/.", f"{container}:/files")
    shared_ikada("cp", source / "one", f"{container}:/files/deep")

    assert inside(shared_ikada, container, "/new/deep/three") == "three\n"
    assert inside(shared_ikada, container, "/files/one") == "new\n"
    assert inside(shared_ikada, container, "/files/deep/two") == "two\n"
    assert inside(shared_ikada, container, "/files/deep/three") == "three\n"
    assert inside(shared_ikada, container, "/files/deep/one") == "new\n"


def test_volumes_are_seen(shared_ikada, container, tmp_path):
    (tmp_path / "data").write_text("in the volume\n")

    shared_ikada("cp", tmp_path / "data", f"{container}:/vol/")
    shared_ikada("cp", f"{container}:/vol/data", tmp_path / "back")

    volume = shared_ikada.root / "volumes" / container / "_data"
    assert (volume / "data").read_text() == "in the volume\n"
    assert (tmp_path / "back").read_text() == "in the volume\n"


def test_a_tar_archive_goes_in(shared_ikada, container):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in (("top", "t\n"), ("sub/inner", "i\n")):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("sub/link")
        link.type, link.linkname = tarfile.SYMTYPE, "inner"
        archive.addfile(link)

    result = subprocess.run(shared_ikada.command("cp", "-", f"{container}:/files"),
                            input=buffer.getvalue(), capture_output=True, timeout=60,
                            env=shared_ikada.environment, check=False)

    assert (result.returncode, result.stderr) == (0, b"")
    assert inside(shared_ikada, container, "/files/top") == "t\n"
    assert inside(shared_ikada, container, "/files/sub/inner") == "i\n"


def test_a_tar_archive_comes_out(shared_ikada, container):
    result = subprocess.run(shared_ikada.command("cp", f"{container}:/files", "-"),
                            capture_output=True, timeout=60, env=shared_ikada.environment,
                            check=True)

    with tarfile.open(fileobj=io.BytesIO(result.stdout)) as archive:
        assert set(archive.getnames()) == {
            "files", "files/one", "files/link", "files/deep", "files/deep/two"}
        assert archive.extractfile("files/deep/two").read() == b"two\n"
        assert archive.getmember("files/link").linkname == "one"
        assert archive.getmember("files/one").uid == 5
    missing = subprocess.run(shared_ikada.command("cp", f"{container}:/missing", "-"),
                             capture_output=True, timeout=60, env=shared_ikada.environment,
                             check=False)
    assert (missing.returncode, missing.stdout) == (1, b"")


@pytest.mark.parametrize("arguments, message", [
    (("{c}:/missing", "{t}"), "could not find the file /missing"),
    (("{t}/missing", "{c}:/"), "could not find the file"),
    (("{c}:/files/one", "{t}/no/such"), "could not find the file"),
    (("{c}:/files/one", "{t}/no/"), "does not exist"),
    (("{c}:/files", "{t}/file"), "cannot copy a directory to a file"),
    (("{c}:/files/one/", "{t}"), "ot a directory"),
    (("{t}/file", "{t}/other"), "must specify at least one container source"),
    (("{c}:/x", "{c}:/y"), "copying between containers is not supported"),
    (("nobody:/x", "{t}"), "No such container: nobody"),
])
def test_mistakes_are_told_in_a_line(shared_ikada, container, tmp_path, arguments, message):
    (tmp_path / "file").write_text("x")
    words = [each.format(c=container, t=tmp_path) for each in arguments]

    result = shared_ikada("cp", *words, check=False)

    assert result.returncode == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_stopped_container_starts_after_a_copy(shared_ikada, busybox_image, tmp_path):
    (tmp_path / "answer").write_text("42\n")
    shared_ikada("create", "--name", "later", "--network", "none", busybox_image, "cat", "/answer")

    shared_ikada("cp", tmp_path / "answer", "later:/answer")
    result = shared_ikada("start", "-a", "later")
    shared_ikada("rm", "later")

    assert result.stdout == "42\n"


@pytest.fixture
def canary(tmp_path):
    """A directory of the host that nothing may read or write."""
    path = tmp_path / "canary"
    path.mkdir()
    (path / "secret").write_text("secret\n")
    yield path
    assert [each.name for each in path.iterdir()] == ["secret"]
    assert (path / "secret").read_text() == "secret\n"


def test_r_29_symlinks_do_not_lead_out(shared_ikada, busybox_image, tmp_path, canary):
    links = f"ln -s {canary} /a; ln -s ../../../../../..{canary} /b; " \
            f"ln -s /proc/1/root{canary} /c; touch /ready; exec sleep 1000"
    shared_ikada("run", "-d", "--name", "leading", "--network", "none", busybox_image, "sh", "-c",
                 links)
    (tmp_path / "mine").write_text("x")
    wait_ready(shared_ikada, "leading")

    for link in "abc":
        into = shared_ikada("cp", tmp_path / "mine", f"leading:/{link}/secret", check=False)
        out = shared_ikada("cp", f"leading:/{link}/secret", tmp_path / "got", check=False)
        assert into.returncode == out.returncode == 1
    assert not (tmp_path / "got").exists()
    shared_ikada("rm", "-f", "leading")


@pytest.mark.timeout(180)
def test_r_29_a_path_that_flips_does_not_lead_out(shared_ikada, busybox_image, tmp_path, canary):
    flip = f"mkdir -p /real /x; echo inside > /real/secret; ln -s {canary} /fake;" \
           "while :; do mv -T /x /y; ln -s /fake /x; rm /x; mv -T /y /x; done"
    shared_ikada("run", "-d", "--name", "flipping", "--network", "none", busybox_image, "sh", "-c",
                 flip)
    (tmp_path / "mine").write_text("from the host\n")

    for number in range(150):
        shared_ikada("cp", tmp_path / "mine", "flipping:/x/secret", check=False)
        shared_ikada("cp", "flipping:/x/secret", tmp_path / f"got{number}", check=False)
    shared_ikada("rm", "-f", "flipping")

    got = {each.read_text() for each in tmp_path.glob("got*")}
    assert "secret\n" not in got
