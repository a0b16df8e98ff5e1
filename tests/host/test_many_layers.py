"""Images of so many layers that no page of mount options has room for them."""

import tarfile

import pytest

import images

# 40 paths of layers fit into a page, 220 descriptors do, 500 are the kernel's limit.
COUNTS = (130, 200, 300)


def make_image(busybox_rootfs, count):
    """Each layer has a file of its own and changes /top; /etc/passwd is a link into another one."""
    layers = [images.layer_of_directory(busybox_rootfs)]
    for number in range(1, count):
        entries = [images.entry(f"layers/{number}", str(number)),
                   images.entry("top", str(number))]
        if number == 1:
            entries.append(images.entry("etc/passwd", type=tarfile.SYMTYPE, linkname="/accounts"))
        if number == 2:
            entries.append(images.entry("accounts", "someone:x:77:78::/:/bin/sh\n"))
        layers.append(images.layer_of_entries(entries, compression="none"))
    return images.Image(layers, config={"Env": ["PATH=/bin"], "Cmd": ["sh"]})


@pytest.fixture(scope="module", params=COUNTS)
def many(request, shared_ikada, registry, busybox_rootfs):
    """(number of layers, reference)"""
    name = f"{registry.address}/many-layers:{request.param}"
    registry.push("many-layers", str(request.param), make_image(busybox_rootfs, request.param))
    shared_ikada("pull", "-q", name, timeout=220)
    yield request.param, name
    shared_ikada("rmi", "-f", name)


def test_a_container_sees_every_layer(shared_ikada, many):
    count, name = many

    result = shared_ikada("run", "--rm", "--network", "none", "-u", "someone", name, "sh", "-c",
                          "ls /layers | wc -l; cat /top; echo; id -u; grep ' / ' /proc/mounts")

    lines = result.stdout.splitlines()
    assert lines[:3] == [str(count - 1), str(count - 1), "77"]
    assert lines[3].startswith("overlay / overlay rw,")


def test_a_container_is_written_to_looked_at_and_made_an_image(shared_ikada, many):
    count, name = many
    shared_ikada("run", "--name", "deep", "--network", "none", name, "sh", "-c",
                 "echo new > /top; rm -f /layers/1")
    try:
        changes = shared_ikada("diff", "deep").stdout.splitlines()
        assert {"C /layers", "D /layers/1", "C /top"} <= set(changes) <= {
            "C /etc", "C /layers", "D /layers/1", "C /top"}
        assert shared_ikada("cp", "deep:/top", "-", text=False).stdout.count(b"new\n") == 1
        assert shared_ikada("start", "-a", "deep").returncode == 0
        shared_ikada("commit", "deep", "deeper:1")
        result = shared_ikada("run", "--rm", "--network", "none", "deeper:1", "sh", "-c",
                              "ls /layers | wc -l; cat /top")
        assert result.stdout == f"{count - 2}\nnew\n"
    finally:
        shared_ikada("rm", "-f", "deep")
        shared_ikada("rmi", "-f", "deeper:1", check=False)


def test_a_build_begins_with_it(shared_ikada, many, tmp_path):
    count, name = many
    (tmp_path / "Dockerfile").write_text(
        f"FROM {name}\nCOPY file /top\nRUN ls /layers | wc -l > /count\n")
    (tmp_path / "file").write_text("copied\n")

    shared_ikada("build", "-q", "-t", "on-many:1", tmp_path, timeout=220)
    try:
        result = shared_ikada("run", "--rm", "--network", "none", "on-many:1", "cat", "/count",
                              "/top")
        assert result.stdout == f"{count - 1}\ncopied\n"
    finally:
        shared_ikada("rmi", "-f", "on-many:1")


def test_more_layers_than_the_kernel_takes_are_said(shared_ikada, registry, busybox_rootfs):
    layers = [images.layer_of_directory(busybox_rootfs)] + [
        images.layer_of_entries([images.entry(f"layers/{number}", "x")], compression="none")
        for number in range(1, 501)]
    registry.push("many-layers", "501", images.Image(layers, config={"Cmd": ["/bin/true"]}))
    name = f"{registry.address}/many-layers:501"

    result = shared_ikada("run", "-q", "--rm", "--network", "none", name, check=False, timeout=220)

    assert result.returncode == 125
    assert "501 layers are more than the 500 that an overlay may have" in result.stderr
    shared_ikada("rmi", "-f", name)
