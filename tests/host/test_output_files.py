"""Options that name a file to write: a device or a link that is there stays what it is."""

import os
import stat
import subprocess
import tarfile

import pytest

NO_ROOM = "No space left on device"


@pytest.fixture
def full_device(tmp_path):
    """A device of one's own that has no room: whatever is done to its name happens to it alone."""
    path = tmp_path / "full"
    subprocess.run(["mknod", path, "c", "1", "7"], check=True, timeout=60)
    yield path
    assert stat.S_ISCHR(path.stat().st_mode)
    assert [each for each in os.listdir(tmp_path) if each.startswith("full")] == ["full"]


@pytest.fixture
def container(shared_ikada, busybox_image):
    shared_ikada("create", "--name", "written", "--network", "none", busybox_image, "true")
    yield "written"
    shared_ikada("rm", "-f", "written")


@pytest.fixture
def context(tmp_path):
    path = tmp_path / "context"
    path.mkdir()
    (path / "Dockerfile").write_text("FROM scratch\nCOPY file /\n")
    (path / "file").write_text("content")
    return path


def refused(ikada, *words):
    result = ikada(*words, check=False)
    assert result.returncode in (1, 125)
    assert len(result.stderr.splitlines()) == 1
    return result.stderr


def test_save_and_export_write_to_a_device(shared_ikada, busybox_image, container, full_device):
    assert NO_ROOM in refused(shared_ikada, "save", "-o", full_device, busybox_image)
    assert NO_ROOM in refused(shared_ikada, "export", "--output", full_device, container)


def test_a_build_writes_its_output_and_its_id_to_a_device(shared_ikada, context, full_device):
    for options in (("-o", f"type=tar,dest={full_device}"), ("--iidfile", full_device)):
        result = shared_ikada("build", *options, context, check=False)
        assert result.returncode == 1
        assert NO_ROOM in result.stderr.splitlines()[-1]


def test_the_file_of_a_containers_id_is_new(shared_ikada, busybox_image, full_device, tmp_path):
    for verb in ("run", "create"):
        assert "container ID file found" in refused(
            shared_ikada, verb, "--network", "none", "--cidfile", full_device, busybox_image,
            "true")
    link = tmp_path / "dangling"
    link.symlink_to(tmp_path / "nothing")
    assert str(link) in refused(shared_ikada, "create", "--network", "none", "--cidfile", link,
                                busybox_image, "true")
    assert not (tmp_path / "nothing").exists()
    assert shared_ikada.containers() == []


def test_a_start_that_fails_leaves_no_file_with_its_id(shared_ikada, busybox_image, tmp_path):
    for options in ((), ("--rm",), ("-d",)):
        refused_run = shared_ikada("run", *options, "--network", "none", "--cidfile",
                                   tmp_path / "cid", busybox_image, "no-such-program", check=False)
        assert refused_run.returncode == 127
        assert not (tmp_path / "cid").exists()


def test_the_pid_files_of_the_runtime_may_be_devices(runtime, bundle, full_device):
    made = bundle(["sleep", "100"])
    result = runtime("create", "--bundle", made, "--pid-file", full_device, made.id, check=False)
    assert result.returncode == 1
    assert NO_ROOM in result.stderr
    runtime.popen("run", "--detach", "--bundle", made, made.id, stdin=subprocess.DEVNULL,
                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait(timeout=60)
    result = runtime("exec", "--pid-file", full_device, made.id, "true", check=False)
    assert result.returncode == 1
    assert NO_ROOM in result.stderr


def test_a_link_is_written_through(shared_ikada, container, tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)

    shared_ikada("export", "-o", link, container)

    assert link.is_symlink()
    assert tarfile.is_tarfile(target)


@pytest.mark.parametrize("words", [("save", "-o"), ("export", "-o")])
def test_a_link_to_standard_output_is_standard_output(shared_ikada, busybox_image, container,
                                                      tmp_path, words):
    """As /dev/stdout is one, which is the machine's and not for tests."""
    link = tmp_path / "stdout"
    link.symlink_to("/proc/self/fd/1")
    what = busybox_image if words[0] == "save" else container
    with open(tmp_path / "out.tar", "wb") as file:
        command = shared_ikada.popen(*words, link, what, stdout=file)
        assert command.wait(timeout=60) == 0

    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["out.tar", "stdout"]
    assert tarfile.is_tarfile(tmp_path / "out.tar")


def test_cp_does_not_replace_a_device(shared_ikada, container, full_device):
    errors = refused(shared_ikada, "cp", f"{container}:/bin/busybox", full_device)

    assert errors == (f'ikada cp: invalid output path: "{full_device}" must be a directory or a '
                      "regular file\n")
