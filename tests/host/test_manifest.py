"""Lists of images for several platforms; skopeo and podman's library read what was pushed."""

import json

import pytest

import docker_registry
import images
import programs


def platform_image(architecture, kind="oci"):
    layer = images.layer_of_entries([images.entry("arch", architecture)])
    return images.Image([layer], architecture=architecture, kind=kind)


@pytest.fixture
def target(tmp_path):
    server = docker_registry.DockerRegistry(tmp_path / "target").start()
    yield server
    server.stop()


@pytest.fixture
def pair(registry, request):
    """Two images of the shared registry, in a repository of the test's own."""
    repository = f"manifest/{request.node.name.replace('[', '-').replace(']', '').lower()}"
    found = {}
    for architecture in ("amd64", "arm64"):
        image = platform_image(architecture)
        registry.push(repository, architecture, image)
        found[f"{registry.address}/{repository}:{architecture}"] = image
    return found


def raw(name):
    text = programs.run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{name}")
    return text.stdout


def refused(ikada, *arguments):
    result = ikada("manifest", *arguments, check=False)
    assert result.returncode == 1, result
    assert len(result.stderr.splitlines()) == 1
    return result.stderr


def test_a_list_is_made_and_pushed(ikada, registry, pair, tmp_path):
    repository = next(iter(pair)).rsplit(":", 1)[0]
    name = f"{repository}:both"

    assert ikada("manifest", "create", name, *pair).stdout == f"Created manifest list {name}\n"
    digest = ikada("manifest", "push", name).stdout.strip()

    index = json.loads(raw(name))
    assert images.digest_of(raw(name).encode()) == digest
    assert index["mediaType"] == images.OCI["index"]
    assert [(each["digest"], each["platform"]["architecture"]) for each in index["manifests"]] == [
        (image.digest, image.platform["architecture"]) for image in pair.values()]
    for architecture in ("amd64", "arm64"):
        programs.run("skopeo", "copy", "--src-tls-verify=false", "--override-arch", architecture,
                     f"docker://{name}", f"dir:{tmp_path}/{architecture}")
    assert ikada("pull", "--platform", "linux/arm64", name).stdout.count(digest) == 1
    assert json.loads(ikada("manifest", "inspect", name).stdout) == index


def test_a_list_goes_to_another_registry_with_its_images(ikada, pair, target, tmp_path):
    local, remote = pair
    ikada("pull", "-q", local)
    name = f"{target.address}/web:1"
    ikada("manifest", "create", "web:1", local)
    assert ikada("manifest", "add", "web:1", remote).stdout == f"{pair[remote].digest}\n"

    ikada("manifest", "push", "--purge", "web:1", f"docker://{name}")

    programs.run("skopeo", "copy", "--all", "--src-tls-verify=false", f"docker://{name}",
                 f"dir:{tmp_path}/all")
    for image in pair.values():
        for blob in image.blobs():
            assert target.blob_path(images.digest_of(blob)).read_bytes() == blob
    assert "No such manifest: web:1" in refused(ikada, "push", "web:1")
    assert "No such manifest: web:1" in refused(ikada, "rm", "web:1")


def test_layers_are_mounted_inside_a_registry(ikada, registry, pair):
    name = f"{registry.address}/manifest/mounted:1"
    ikada("manifest", "create", name, *pair)

    ikada("manifest", "push", name)

    assert len(json.loads(raw(name))["manifests"]) == 2


def test_docker_images_make_a_docker_list(ikada, registry, target):
    for architecture in ("amd64", "arm64"):
        registry.push("manifest/docker", architecture, platform_image(architecture, "docker"))
    sources = [f"{registry.address}/manifest/docker:{each}" for each in ("amd64", "arm64")]
    name = f"{target.address}/docker:1"
    ikada("manifest", "create", name, *sources)

    ikada("manifest", "push", "-q", name)

    assert json.loads(raw(name))["mediaType"] == images.DOCKER["index"]


def test_an_entry_is_annotated(ikada, pair):
    first, second = pair
    ikada("manifest", "create", "list", first)
    ikada("manifest", "add", "--arch", "riscv64", "--annotation", "a=b=c", "list", second)

    ikada("manifest", "annotate", "--variant", "v9", "--os", "plan9", "--os-version", "4",
          "--os-features", "x,y", "list", pair[first].digest)
    ikada("manifest", "annotate", "--variant", "v2", "list", second)

    entries = json.loads(ikada("manifest", "inspect", "list").stdout)["manifests"]
    assert entries[0]["platform"] == {"architecture": "amd64", "os": "plan9", "variant": "v9",
                                      "os.version": "4", "os.features": ["x", "y"]}
    assert entries[1]["platform"] == {"architecture": "riscv64", "os": "linux", "variant": "v2"}
    assert entries[1]["annotations"] == {"a": "b=c"}


def test_all_platforms_of_an_index_or_this_hosts(ikada, registry, target):
    both = [platform_image(each) for each in ("amd64", "arm64", "s390x")]
    registry.push_index("manifest/index", "1", both)
    source = f"{registry.address}/manifest/index:1"

    ikada("manifest", "create", "one", source)
    ikada("manifest", "create", "--all", "all", source)
    ikada("manifest", "push", "all", f"{target.address}/all:1")

    one = json.loads(ikada("manifest", "inspect", "one").stdout)["manifests"]
    assert [each["digest"] for each in one] == [both[0].digest]
    copied = json.loads(raw(f"{target.address}/all:1"))["manifests"]
    assert [each["digest"] for each in copied] == [each.digest for each in both]


def test_a_list_that_exists_needs_amend(ikada, pair):
    first, second = pair
    ikada("manifest", "create", "list", first)

    assert "no --amend flag" in refused(ikada, "create", "list", second)
    ikada("manifest", "create", "--amend", "list", second)

    entries = json.loads(ikada("manifest", "inspect", "list").stdout)["manifests"]
    assert len(entries) == 2
    ikada("manifest", "rm", "list")
    assert list((ikada.root / "manifests").glob("*.json")) == []


def test_what_is_not_there_is_one_line(ikada, registry, pair):
    first, second = pair
    ikada("manifest", "create", "list", first)

    assert "No such manifest: other:latest" in refused(ikada, "add", "other", first)
    assert "is not in manifest list list" in refused(ikada, "annotate", "list", second)
    assert "not found" in refused(ikada, "inspect", f"{registry.address}/manifest/none")
    assert "not found" in refused(ikada, "add", "list", f"{registry.address}/manifest/none")
    assert "expected KEY=VALUE" in refused(ikada, "add", "--annotation", "x", "list", second)


def test_an_image_that_was_removed_must_be_in_the_registry(ikada, pair, target):
    first = next(iter(pair))
    ikada("pull", "-q", first)
    ikada("manifest", "create", "list", first)
    ikada("rmi", first)

    assert "No such file" in refused(ikada, "push", "list", f"{target.address}/web:1")
