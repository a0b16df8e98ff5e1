"""What is done with images that are here: list, name, remove, keep for containers."""

import json
import os
import subprocess

import pytest

import images
from images import entry, layer_of_entries


def make_image(text, labels=None, created=None):
    image = images.Image([layer_of_entries([entry("base", "base")]),
                          layer_of_entries([entry("text", text)])],
                         config={"Cmd": ["sh"], "Labels": labels or {}})
    if created is not None:
        config = json.loads(image.config)
        config["created"] = created
        image.config = json.dumps(config).encode()
        manifest = json.loads(image.manifest)
        manifest["config"]["digest"] = image.id
        manifest["config"]["size"] = len(image.config)
        image.manifest = json.dumps(manifest).encode()
    return image


@pytest.fixture
def pulled(ikada, registry):
    """pulled("name:tag", image) pushes it and pulls it; returns the whole name."""
    def make(name, image):
        repository, tag = f"store/{name}".split(":")
        registry.push(repository, tag, image)
        whole = f"{registry.address}/{repository}:{tag}"
        ikada("pull", "-q", whole)
        return whole
    return make


def names(path):
    return sorted(os.listdir(path))


def failure(ikada, *arguments):
    result = ikada(*arguments, check=False)
    assert result.returncode == 1, result
    return result.stderr.strip()


def test_images_lists_names_newest_first(ikada, pulled):
    old = pulled("old:1", make_image("old", created="2020-01-01T00:00:00Z"))
    new = pulled("new:1", make_image("new", created="2024-01-01T00:00:00Z"))
    ikada("tag", old, "web:2")

    rows = ikada("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()

    assert rows == [new, old, "web:2"]
    header = ikada("images").stdout.splitlines()[0].split("  ")
    assert [each.strip() for each in header if each.strip()] == [
        "REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"]


def test_images_can_be_filtered(ikada, pulled):
    old = pulled("a:1", make_image("a", labels={"tier": "web"}, created="2020-01-01T00:00:00Z"))
    new = pulled("b:1", make_image("b", labels={"tier": "db"}, created="2024-01-01T00:00:00Z"))
    ikada("tag", old, "web:1.5")

    def listed(*arguments):
        return set(ikada("images", *arguments, "--format",
                         "{{.Repository}}:{{.Tag}}").stdout.split())

    assert listed("web") == {"web:1.5"}
    assert listed("web:1.4") == set()
    assert listed("-f", "reference=w*:1.*") == {"web:1.5"}
    assert listed("-f", "label=tier=web") == {old, "web:1.5"}
    assert listed("-f", "label=tier") == {old, new, "web:1.5"}
    assert listed("-f", f"before={new}") == {old, "web:1.5"}
    assert listed("-f", "since=web:1.5") == {new}
    assert listed("-f", "dangling=true") == set()
    assert "invalid filter" in failure(ikada, "images", "-f", "colour=red")


def test_images_prints_json_and_ids(ikada, pulled):
    image = make_image("json")
    name = pulled("json:1", image)

    row = json.loads(ikada("images", "--format", "{{json .}}").stdout)

    assert (row["Repository"], row["Tag"]) == tuple(name.rsplit(":", 1))
    assert row["ID"] == image.id[7:19]
    assert row["Digest"] == image.digest
    assert ikada("images", "-q", "--no-trunc").stdout == f"{image.id}\n"
    assert image.digest in ikada("images", "--digests").stdout


def test_a_tag_that_moves_leaves_a_dangling_image(ikada, pulled):
    first, second = make_image("first"), make_image("second")
    pulled("moves:1", first)
    pulled("moves:1", second)

    dangling = ikada("images", "-q", "-f", "dangling=true").stdout.split()

    assert dangling == [first.id[7:19]]
    ikada("rmi", *dangling)
    assert ikada("images", "-q").stdout.split() == [second.id[7:19]]


def test_an_image_is_found_by_name_digest_and_id(ikada, pulled):
    image = make_image("found")
    name = pulled("found:1", image)

    repository = name.rsplit(":", 1)[0]
    for each in (name, f"{repository}@{image.digest}", image.id, image.id[7:], image.id[7:11]):
        ikada("tag", each, "again")
    assert failure(ikada, "tag", "none:1", "x").endswith("No such image: none:1")
    assert "digest" in failure(ikada, "tag", name, f"x@{image.digest}")


def test_rmi_takes_names_away_and_then_the_image(ikada, pulled):
    image = make_image("gone")
    name = pulled("gone:1", image)
    other = pulled("stays:1", make_image("stays"))
    ikada("tag", name, "web:1")

    assert ikada("rmi", "web:1").stdout == "Untagged: web:1\n"
    repository = name.rsplit(":", 1)[0]
    assert ikada("rmi", name).stdout.splitlines() == [
        f"Untagged: {name}",
        f"Untagged: {repository}@{image.digest}",
        f"Deleted: {image.id}",
        f"Deleted: {image.layers[1].digest}",  # The first layer is the other image's too.
    ]
    assert ikada("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split() == [other]
    ikada("rmi", other)
    assert names(ikada.root / "layers" / "sha256") == []
    assert names(ikada.root / "images" / "blobs" / "sha256") == []


def test_rmi_by_id_refuses_several_names_unless_forced(ikada, pulled):
    image = make_image("many")
    name = pulled("many:1", image)
    ikada("tag", name, "web:1")

    assert "must be forced" in failure(ikada, "rmi", image.id[7:19])
    ikada("rmi", "-f", image.id[7:19])
    assert ikada("images", "-q").stdout == ""


def test_rmi_goes_on_after_a_failure(ikada, pulled):
    name = pulled("on:1", make_image("on"))

    assert "No such image: none" in failure(ikada, "rmi", "none", name)
    assert ikada("images", "-q").stdout == ""
    assert ikada("rmi", "-f", "none").returncode == 0


def test_an_image_stays_while_a_container_was_made_from_it(ikada, busybox_image):
    ikada("pull", "-q", busybox_image)
    ikada("create", "--name", "keeper", busybox_image, "true")

    assert "conflict" in failure(ikada, "rmi", busybox_image)
    ikada("rmi", "-f", busybox_image)
    assert ikada("images", "-q").stdout == ""
    ikada("start", "keeper")
    assert ikada("wait", "keeper").stdout == "0\n"
    ikada("rm", "keeper")
    ikada("pull", "-q", busybox_image)
    ikada("rmi", busybox_image)
    assert names(ikada.root / "layers" / "sha256") == []


def test_removals_and_pulls_at_once_leave_a_whole_store(ikada, registry):
    made = []
    for number in range(4):
        image = make_image(f"race {number}")
        registry.push("store/race", str(number), image)
        made.append(f"{registry.address}/store/race:{number}")
    running = []
    for _ in range(3):
        running += [ikada.popen("pull", "-q", name, stdout=subprocess.DEVNULL) for name in made]
        running += [ikada.popen("rmi", "-f", made[0], made[2], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)]

    assert {each.wait(timeout=60) for each in running} == {0}
    for name in ikada("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split():
        ikada("tag", name, "whole")
    ikada("pull", "-q", made[0])
    layers = set(names(ikada.root / "layers" / "sha256"))
    index = json.loads((ikada.root / "images" / "index.json").read_text())
    for each in index["manifests"]:
        text = (ikada.root / "images" / "blobs" / "sha256" / each["digest"][7:]).read_text()
        for layer in json.loads(text)["layers"]:
            assert layer["digest"][7:] in layers
