"""Pulls, loads and builds that find too little room: what may go goes, once, and they go on."""

import os

import pytest

import build_context
import images
import programs

MIB = 1 << 20


def big_image(name, size=8 * MIB, parts=1):
    """Of bytes that cannot be packed."""
    return images.Image([images.layer_of_entries([images.entry(f"{name}{part}", os.urandom(size))])
                         for part in range(parts)])


@pytest.fixture
def small(ikada, registry):
    """small(MiB): the root is a disk so large. small.push() puts an image into the registry."""
    class Small:
        def mount(self, size_mib):
            ikada.root.mkdir()
            programs.run("mount", "-t", "tmpfs", "-o", f"size={size_mib}m,mode=0700", "none",
                         ikada.root)

        def push(self, name, image):
            registry.push(f"room/{name}", "1", image)
            return f"{registry.address}/room/{name}:1"

        def configure(self, text):
            path = ikada.directory / "config.yaml"
            path.write_text(text)
            ikada.environment["IKADA_CONFIG"] = str(path)

        def names(self):
            return set(ikada("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split())

    yield Small()
    ikada.remove_all()
    programs.run("umount", ikada.root)


def one_line(result):
    assert result.returncode == 1, result
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr


def test_a_pull_that_cannot_fit_says_so_before_it_begins(ikada, small, registry):
    small.mount(20)
    large = small.push("large", big_image("large", parts=2))

    said = one_line(ikada("pull", "-q", large, check=False))

    assert "room/large:1: at least 33.6MB are needed below" in said
    assert "where 2" in said and "are free: No space left on device" in said
    assert os.listdir(ikada.root / "images" / "partial") == []


def test_a_pull_makes_room_where_the_policy_has_a_floor(ikada, small):
    small.mount(72)
    small.configure("images: {min_free: 4m}\n")
    held, used, new = (small.push(name, big_image(name)) for name in ("held", "used", "new"))
    old = small.push("old", big_image("old", 12 * MIB))
    ikada("pull", "-q", held)
    ikada("create", "--name", "holder", held, "/x")
    for name in (old, used):
        ikada("pull", "-q", name)

    ikada("pull", "-q", new)

    assert small.names() == {held, used, new}
    assert len(os.listdir(ikada.root / "layers" / "sha256")) == 3
    # Nothing goes for what would not fit in any case.
    huge = small.push("huge", big_image("huge", 12 * MIB, parts=3))
    one_line(ikada("pull", "-q", huge, check=False))
    assert small.names() == {held, used, new}


def test_without_a_floor_no_image_goes(ikada, small):
    small.mount(40)
    one, two = small.push("one", big_image("one")), small.push("two", big_image("two", 14 * MIB))
    ikada("pull", "-q", one)

    one_line(ikada("pull", "-q", two, check=False))

    assert small.names() == {one}


def test_what_nothing_lists_goes_in_any_case(ikada, small):
    small.mount(44)
    one = small.push("one", big_image("one"))
    ikada("images")
    blob = ikada.root / "images" / "blobs" / "sha256" / ("0" * 64)
    blob.write_bytes(os.urandom(30 * MIB))

    ikada("pull", "-q", one)

    assert small.names() == {one}
    assert not blob.exists()


def test_a_disk_that_fills_up_on_the_way_is_emptied_once(ikada, small):
    """Zeros take much more room than the registry says."""
    small.mount(64)
    small.configure("images: {min_free: 1m}\n")
    old = small.push("old", big_image("old", 16 * MIB))
    zeros = images.Image([images.layer_of_entries([images.entry("zeros", bytes(40 * MIB))])])
    ikada("pull", "-q", old)

    ikada("pull", "-q", small.push("zeros", zeros))

    assert {name.split("/")[-1] for name in small.names()} == {"zeros:1"}
    more = images.Image([images.layer_of_entries([images.entry("more", bytes(80 * MIB))])])
    said = one_line(ikada("pull", "-q", small.push("more", more), check=False))
    assert "No space left on device" in said
    assert os.listdir(ikada.root / "layers" / "staging") == []


@pytest.mark.parametrize("way", ["file", "stdin", "pipe"])
def test_a_load_makes_room(ikada, small, tmp_path, way):
    """But what comes through a pipe comes once."""
    small.mount(60)
    small.configure("images: {min_free: 1m}\n")
    first, second = small.push("first", big_image("first")), small.push("second", big_image("x"))
    ikada("pull", "-q", first)
    archive = tmp_path / "first.tar"
    ikada("save", "-o", archive, first)
    ikada("rmi", first)
    for name in ("second", "third"):
        ikada("pull", "-q", small.push(name, big_image(name)))
    ikada("pull", "-q", small.push("fourth", big_image("fourth", 7 * MIB)))

    if way == "file":
        ikada("load", "-i", archive)
    elif way == "stdin":
        with open(archive, "rb") as file:
            ikada("load", stdin=file)
    else:
        result = ikada("load", input=archive.read_bytes(), text=False, check=False)
        assert b"No space left on device" in result.stderr
        assert len(small.names()) == 3
        return

    assert first in small.names()
    assert second not in small.names()


def test_a_build_makes_room_and_starts_again(ikada, small, busybox_image, tmp_path):
    small.mount(56)
    small.configure("images: {min_free: 1m}\n")
    ikada("pull", "-q", small.push("old", big_image("old", 16 * MIB)))
    context = build_context.BuildContext(ikada, tmp_path / "context", busybox_image)

    result = context.run("FROM BASE\nRUN echo first > /first\n"
                         "RUN head -c 24000000 /dev/urandom > /big\n", "-t", "built")

    assert "the disk was full, starting again" in result.stderr
    assert "CACHED" in result.stderr
    assert {name.split("/")[-1] for name in small.names()} == {"busybox:latest", "built:latest"}
    assert context.leftovers() == []


@pytest.mark.parametrize("way", ["pull", "load"])
def test_an_image_has_a_budget_for_all_its_layers(ikada, registry, tmp_path, way):
    """Three layers of nine gigabytes, all of them holes."""
    layers = []
    for number in range(3):
        tree = tmp_path / f"tree{number}"
        tree.mkdir()
        with open(tree / f"hole{number}", "wb") as hole:
            hole.truncate(9 << 30)
        layers.append(images.Layer(programs.run(
            "tar", "--sparse", "--format=posix", "-c", "-C", tree, ".", text=False).stdout))
    images.write_layout(tmp_path / "layout", images.Image(layers))
    if way == "pull":
        registry.push("room/holes", "1", images.Image(layers))
        result = ikada("pull", "-q", f"{registry.address}/room/holes:1", check=False)
    else:
        programs.run("tar", "-cf", tmp_path / "holes.tar", "-C", tmp_path / "layout", ".")
        result = ikada("load", "-i", tmp_path / "holes.tar", check=False)

    assert "image: its layers unpack to more than is allowed" in one_line(result)
    assert ikada("images", "-q").stdout == ""
    assert os.listdir(ikada.root / "layers" / "staging") == []
