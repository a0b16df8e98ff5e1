"""Pushing to Debian's docker-registry; other tools pull what came there."""

import json
import re

import pytest

import docker_registry
import images
import programs
from tls_files import make_authority, make_certificate

USER, PASSWORD = "ada", "engine: no. 1"


def make_image(*texts, kind="oci", compression="gzip"):
    layers = [images.layer_of_entries([images.entry(f"file{index}", text)], compression)
              for index, text in enumerate(texts)]
    return images.Image(layers, config={"Cmd": ["/bin/sh"]}, kind=kind)


def large_layer(size, seed=0):
    """Bytes that no compression makes smaller."""
    data = bytearray()
    while len(data) < size:
        data += images.hashlib.sha512(f"{seed} {len(data)}".encode()).digest()
    return images.layer_of_entries([images.entry("large", bytes(data))])


def obtain(ikada, source, image, name):
    """Puts the image into ikada's store under `name`, by way of `source`."""
    source.push("push/source", "1", image)
    ikada("pull", "-q", f"{source.address}/push/source:1")
    ikada("tag", f"{source.address}/push/source:1", name)
    return name


def short(layer):
    return images.digest_of(layer.data)[7:19]


def raw_manifest(name, *options):
    return programs.run("skopeo", "inspect", "--raw", *options, f"docker://{name}").stdout.encode()


@pytest.fixture
def target(tmp_path):
    """A registry that has nothing yet."""
    server = docker_registry.DockerRegistry(tmp_path / "target").start()
    yield server
    server.stop()


@pytest.mark.parametrize("kind,compression", [("oci", "gzip"), ("docker", "gzip"),
                                              ("oci", "zstd"), ("oci", "none")])
def test_a_push_sends_the_bytes_that_were_pulled(ikada, registry, target, tmp_path, kind,
                                                 compression):
    image = make_image("one\n", "two\n", kind=kind, compression=compression)
    name = obtain(ikada, registry, image, f"{target.address}/copy:1")

    said = ikada("push", name).stdout

    assert f"The push refers to repository [{target.address}/copy]" in said
    for layer in image.layers:
        assert f"{short(layer)}: Preparing\n" in said
        assert f"{short(layer)}: Pushed\n" in said
    assert said.endswith(f"1: digest: {image.digest} size: {len(image.manifest)}\n")
    assert raw_manifest(name, "--tls-verify=false") == image.manifest
    programs.run("skopeo", "copy", "--src-tls-verify=false", f"docker://{name}",
                 f"dir:{tmp_path}/copied")
    for blob in image.blobs():
        assert (tmp_path / "copied" / images.digest_of(blob)[7:]).read_bytes() == blob


def test_a_second_push_sends_nothing(ikada, registry, target):
    image = make_image("one\n", "two\n")
    name = obtain(ikada, registry, image, f"{target.address}/copy:1")
    ikada("push", name)

    again = ikada("push", name).stdout

    for layer in image.layers:
        assert f"{short(layer)}: Layer already exists\n" in again
    assert again.endswith(f"1: digest: {image.digest} size: {len(image.manifest)}\n")
    assert ikada("push", "--quiet", name).stdout == f"{name}\n"


def test_a_layer_of_another_repository_is_mounted(ikada, registry):
    image = make_image("mounted\n", "layer\n")
    name = obtain(ikada, registry, image, f"{registry.address}/push/mounted:1")

    said = ikada("push", name).stdout

    for layer in image.layers:
        assert f"{short(layer)}: Mounted from push/source\n" in said
    assert raw_manifest(name, "--tls-verify=false") == image.manifest


def test_what_was_pushed_can_be_mounted_too(ikada, registry, target):
    image = make_image("pushed\n")
    name = obtain(ikada, registry, image, f"{target.address}/first:1")
    ikada("push", name)
    ikada("tag", name, f"{target.address}/second:1")

    said = ikada("push", f"{target.address}/second:1").stdout

    assert f"{short(image.layers[0])}: Mounted from first\n" in said


def test_a_pushed_image_has_its_digest_here_too(ikada, registry, target):
    image = make_image("digest\n")
    name = obtain(ikada, registry, image, f"{target.address}/copy:1")
    assert f"{target.address}/copy@{image.digest}" not in ikada("inspect", name).stdout

    ikada("push", name)

    assert f"{target.address}/copy@{image.digest}" in ikada.inspect(name)["RepoDigests"]


def test_all_tags_of_a_repository_are_pushed(ikada, registry, target):
    image = make_image("tags\n")
    for tag in ("b", "a"):
        obtain(ikada, registry, image, f"{target.address}/many:{tag}")

    said = ikada("push", "--all-tags", f"{target.address}/many").stdout

    lines = re.findall(r"^(\w+): digest: (\S+)", said, re.MULTILINE)
    assert lines == [("a", image.digest), ("b", image.digest)]
    tags = programs.run("skopeo", "list-tags", "--tls-verify=false",
                        f"docker://{target.address}/many").stdout
    assert sorted(json.loads(tags)["Tags"]) == ["a", "b"]


def test_a_layer_of_many_megabytes_is_pushed_whole(ikada, registry, target):
    image = images.Image([large_layer(5 << 20), large_layer(3 << 20, 1)])
    name = obtain(ikada, registry, image, f"{target.address}/large:1")

    ikada("push", name)

    for blob in image.blobs():
        assert target.blob_path(images.digest_of(blob)).read_bytes() == blob
    assert list((ikada.root / "images" / "uploads").iterdir()) == []


@pytest.mark.parametrize("arguments,message", [
    (["{0}/nowhere"], "An image does not exist locally with the tag: {0}/nowhere:latest"),
    (["-a", "{0}/nowhere"], "An image does not exist locally with the tag: {0}/nowhere"),
    (["-a", "{0}/web:1"], "tag can't be used with --all-tags/-a"),
    (["{0}/web@sha256:" + "0" * 64], "cannot push a digest reference"),
    (["UPPER"], "UPPER"),
])
def test_what_cannot_be_pushed_is_one_line(ikada, target, arguments, message):
    result = ikada("push", *[each.format(target.address) for each in arguments], check=False)

    assert result.returncode == 1
    assert message.format(target.address) in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "The push refers" not in result.stdout or "nowhere" in message


def test_another_platform_is_not_pushed(ikada, registry, target):
    name = obtain(ikada, registry, make_image("platform\n"), f"{target.address}/platform:1")

    result = ikada("push", "--platform", "linux/arm64", name, check=False)

    assert result.returncode == 1
    assert "image is for linux/amd64, not for linux/arm64" in result.stderr
    ikada("push", "--platform", "linux/amd64", name)


def test_a_registry_with_a_password_and_a_certificate(ikada, registry, tmp_path):
    authority = make_authority(tmp_path / "ca")
    tls = make_certificate(tmp_path / "server", authority, "IP:127.0.0.1")
    locked = docker_registry.DockerRegistry(tmp_path / "locked", USER, PASSWORD, tls).start()
    try:
        ikada.environment["SSL_CERT_FILE"] = str(authority.certificate)
        image = make_image("locked\n")
        name = obtain(ikada, registry, image, f"{locked.address}/team/web:1")

        denied = ikada("push", name, check=False)
        ikada("login", "-u", USER, "--password-stdin", locked.address, input=PASSWORD)
        ikada("push", name)

        assert denied.returncode == 1
        assert f"push access denied for {locked.address}/team/web" in denied.stderr
        assert raw_manifest(name, "--tls-verify=false", "--creds",
                            f"{USER}:{PASSWORD}") == image.manifest
    finally:
        locked.stop()


def test_a_registry_that_is_down_is_one_line(ikada, registry):
    port = docker_registry.free_port()
    name = obtain(ikada, registry, make_image("down\n"), f"127.0.0.1:{port}/web:1")

    result = ikada("push", name, check=False)

    assert result.returncode == 1
    assert f"registry 127.0.0.1:{port}: dial 127.0.0.1:{port}: connection refused" in result.stderr
