"""Manifests, indexes and configs that lie, through a real pull. Codes stand for the words of
hostile_pulls.WORDS; the parsers' own tables are in tests/image/manifest_attack_test.cc."""

import json

import pytest

import images
import scripted_registry
from hostile_pulls import pulls, server, watched  # noqa: F401
from images import entry, layer_of_entries

OCI = images.OCI


@pytest.fixture
def image():
    return images.Image([layer_of_entries([entry("file", "x" * 5000)])], config={"Cmd": ["/x"]})


class RawImage:
    """What scripted_registry.add() wants, of a manifest's bytes as they are."""

    def __init__(self, manifest, blobs=(), media_type=OCI["manifest"]):
        self.manifest = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        self.media_type = media_type
        self.digest = images.digest_of(self.manifest)
        self.layers = [type("Blob", (), {"data": blob}) for blob in blobs[1:]]
        self._blobs = list(blobs)
        self.id = images.digest_of(self._blobs[0]) if blobs else None

    def blobs(self):
        return self._blobs


def changed(image, edit):
    """The image with `edit` made to its manifest's JSON."""
    manifest = json.loads(image.manifest)
    edit(manifest)
    return RawImage(manifest, image.blobs())


def with_config(image, edit):
    """The image with `edit` made to its config's JSON, all digests right."""
    config = json.loads(image.config)
    edit(config)
    text = json.dumps(config).encode()
    manifest = json.loads(image.manifest)
    manifest["config"].update(size=len(text), digest=images.digest_of(text))
    return RawImage(manifest, [text, *image.blobs()[1:]])


def index_over(body, media_type=OCI["manifest"], **fields):
    """An index with one entry for this machine."""
    return json.dumps({"schemaVersion": 2, "mediaType": OCI["index"], "manifests": [
        {"mediaType": media_type, "size": len(body), "digest": images.digest_of(body),
         "platform": {"os": "linux", "architecture": "amd64"}, **fields}]}).encode()


def put(pulls, name, body, media_type=OCI["index"]):  # noqa: F811
    pulls.server.add("hostile", name, RawImage(body, media_type=media_type))
    return f"{pulls.server.address}/hostile:{name}"


# I-16: digests and sizes


@pytest.mark.parametrize("what", ["config", "layer"])
@pytest.mark.parametrize("place, code", [
    ("first", "DIGEST_MISMATCH"), ("middle", "DIGEST_MISMATCH"), ("last", "DIGEST_MISMATCH"),
    ("short", "SIZE_MISMATCH"), ("long", "SIZE_MISMATCH"), ("empty", "SIZE_MISMATCH")])
def test_a_blob_is_its_digest_and_size(pulls, image, what, place, code):  # noqa: F811
    good = image.blobs()[0 if what == "config" else 1]
    bad = bytearray(good)
    if place in ("first", "middle", "last"):
        bad[{"first": 0, "middle": len(bad) // 2, "last": -1}[place]] ^= 1
    bad = {"short": good[:-1], "long": good + b"x", "empty": b""}.get(place, bytes(bad))
    pulls.server.script(f"/v2/hostile/blobs/{images.digest_of(good)}",
                        lambda call: scripted_registry.serve_range(call, bad))

    pulls.refuse(image, code)


@pytest.mark.parametrize("what", ["config", "layer"])
@pytest.mark.parametrize("difference", [-1, 1, 1 << 40])
def test_a_right_digest_with_a_wrong_size_is_refused(pulls, image, what, difference):  # noqa: F811
    def edit(manifest):
        blob = manifest["config"] if what == "config" else manifest["layers"][0]
        blob["size"] += difference

    code = "SIZE_MISMATCH"
    if difference > 1:
        code = "CONFIG_INVALID" if what == "config" else "LAYER_TOO_LARGE"
    pulls.refuse(changed(image, edit), code)


@pytest.mark.parametrize("difference", [-1, 1])
def test_an_indexs_manifest_of_another_size_is_refused(pulls, image, difference):  # noqa: F811
    pulls.server.add("hostile", "inner", image)
    name = put(pulls, "outer", index_over(image.manifest, size=len(image.manifest) + difference))

    pulls.refuse_name(name, "SIZE_MISMATCH")


def test_a_layer_that_is_not_its_diff_id_is_refused(pulls, image):  # noqa: F811
    def edit(config):
        config["rootfs"]["diff_ids"][0] = images.digest_of(b"another")

    pulls.refuse(with_config(image, edit), "DIGEST_MISMATCH")


def test_layers_in_another_order_than_their_diff_ids_are_refused(pulls):  # noqa: F811
    both = images.Image([layer_of_entries([entry(name, name)]) for name in ("a", "b")])

    # The other layer was on its way when the first one was refused.
    pulls.refuse(with_config(both, lambda config: config["rootfs"]["diff_ids"].reverse()),
                 "DIGEST_MISMATCH", keeps=("images/partial",))


# I-17: digest strings


@pytest.mark.parametrize("digest", [
    "", "sha256:", "sha256:" + "a" * 63, "sha256:" + "a" * 65, "sha256:" + "A" * 64,
    "sha256:../../../../../../etc/shadow", "md5:" + "a" * 32, "sha512:" + "a" * 128,
    "sha256:" + "a" * 61 + "/..", "sha256:" + "a" * 63 + "\n", "sha256:" + "a" * 60 + "?x=1"])
def test_a_digest_that_is_none_is_not_asked_for(pulls, image, digest):  # noqa: F811
    pulls.refuse(changed(image, lambda manifest: manifest["layers"][0].update(digest=digest)),
                 "DIGEST_INVALID")

    assert pulls.server.calls_to("/v2/hostile/blobs/") == []


# I-18, I-19: manifests


def twice(image, text):
    return RawImage(image.manifest[:-1] + text + b"}", image.blobs())


@pytest.mark.parametrize("make, code", [
    (lambda image: twice(image, b', "manifests": []'), "MANIFEST_AMBIGUOUS"),
    (lambda image: twice(image, b', "Manifests": []'), "MANIFEST_AMBIGUOUS"),
    (lambda image: twice(image, b', "LAYERS": []'), "MANIFEST_AMBIGUOUS"),
    (lambda image: twice(image, b', "layers": []'), "MANIFEST_INVALID"),
    (lambda image: twice(image, b', "\\u006cayers": []'), "MANIFEST_INVALID"),
    (lambda image: twice(image, b', "fsLayers": []'), "MANIFEST_INVALID"),
    (lambda image: twice(image, b', "x": ' + b"[" * 10000 + b"]" * 10000), "MANIFEST_INVALID"),
    (lambda image: twice(image, b', "x": [' + b"{}," * 1_300_000 + b"{}]"), "MANIFEST_INVALID"),
    (lambda image: RawImage(b"[" * (4 << 20)), "MANIFEST_INVALID"),
    (lambda image: RawImage(b" " * ((4 << 20) + 1)), "MANIFEST_TOO_LARGE"),
    (lambda image: RawImage(b" " * (100 << 20)), "MANIFEST_TOO_LARGE"),
    (lambda image: RawImage(image.manifest, image.blobs(), OCI["index"]), "MANIFEST_AMBIGUOUS"),
    (lambda image: RawImage(image.manifest, image.blobs(), images.DOCKER["manifest"]),
     "MANIFEST_AMBIGUOUS"),
    (lambda image: RawImage(b"<html>Sign in</html>", media_type="text/html"), "MANIFEST_INVALID"),
    (lambda image: changed(image, lambda manifest: manifest.update(schemaVersion=1)),
     "MANIFEST_INVALID"),
    (lambda image: changed(image, lambda manifest: manifest.update(
        layers=manifest["layers"] * 1001)), "MANIFEST_INVALID"),
    (lambda image: changed(image, lambda manifest: manifest["layers"][0].update(size=-1)),
     "MANIFEST_INVALID"),
    (lambda image: changed(image, lambda manifest: manifest["layers"][0].update(size=1 << 63)),
     "MANIFEST_INVALID"),
    (lambda image: changed(image, lambda manifest: manifest["layers"][0].update(
        mediaType="\x1b[2J\nikada: all is well")), "LAYER_UNSUPPORTED"),
    (lambda image: changed(image, lambda manifest: manifest["layers"][0].update(
        mediaType="application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        urls=["http://169.254.169.254/"])), "FOREIGN_LAYER_REFUSED"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_hostile_manifest_is_refused_and_nothing_is_fetched(pulls, image, make,  # noqa: F811
                                                              code):
    pulls.refuse(make(image), code)

    fetched = pulls.server.calls_to("/v2/hostile/blobs/")
    assert all(call.path.endswith(image.id) for call in fetched)  # At most the config.
    assert pulls.elapsed_s < 20


def test_urls_and_data_of_a_descriptor_are_not_used(pulls, image):  # noqa: F811
    elsewhere = scripted_registry.ScriptedRegistry().start()
    try:
        made = changed(image, lambda manifest: manifest["layers"][0].update(
            data="AAAA", urls=[f"http://{elsewhere.address}/x"]))
        made.layers = image.layers
        [layer] = pulls.take(made)
        assert (layer / "file").read_text() == "x" * 5000
        assert elsewhere.calls == []
    finally:
        elsewhere.stop()


def test_indexes_are_followed_three_deep_and_no_further(pulls, image):  # noqa: F811
    pulls.server.add("hostile", "inner", image)
    body, kind = image.manifest, OCI["manifest"]
    names = []
    for depth in range(1, 6):
        body = index_over(body, kind)
        kind = OCI["index"]
        names.append(put(pulls, f"depth{depth}", body))

    pulls.refuse_name(names[4], "MANIFEST_INVALID")
    pulls.refuse_name(names[3], "MANIFEST_INVALID")
    assert pulls.ikada("pull", "-q", names[2]).returncode == 0


def test_an_index_that_the_registry_answers_with_itself_is_refused(pulls, image):  # noqa: F811
    body = index_over(image.manifest)
    name = put(pulls, "circle", body)
    pulls.server.script("/v2/hostile/manifests/sha256:", lambda call: call.answer(
        200, body, Content_Type=OCI["index"]))

    pulls.refuse_name(name, "DIGEST_MISMATCH")


def test_an_index_that_calls_an_index_a_manifest_is_refused(pulls, image):  # noqa: F811
    pulls.server.add("hostile", "inner", image)
    inner = index_over(image.manifest)
    put(pulls, "middle", inner)

    pulls.refuse_name(put(pulls, "outer", index_over(inner, OCI["manifest"])), "MANIFEST_AMBIGUOUS")


# I-20: configs


@pytest.mark.parametrize("edit, code", [
    (lambda config: config["rootfs"]["diff_ids"].clear(), "CONFIG_INVALID"),
    (lambda config: config["rootfs"]["diff_ids"].append("sha256:" + "a" * 64), "CONFIG_INVALID"),
    (lambda config: config["rootfs"].update(type="floppies"), "CONFIG_INVALID"),
    (lambda config: config["rootfs"].update(diff_ids=["../../x"]), "CONFIG_INVALID"),
    (lambda config: config.update(os="windows"), "PLATFORM_NOT_FOUND"),
    (lambda config: config.update(rootfs=None), "CONFIG_INVALID"),
    (lambda config: config["config"].update(Env=["NO_EQUALS"]), "CONFIG_INVALID"),
    (lambda config: config["config"].update(Env=["A=b"] * 100_000), "CONFIG_INVALID"),
    (lambda config: config["config"].update(Env=["A=" + "b" * (2 << 20)]), "CONFIG_INVALID"),
    (lambda config: config["config"].update(Cmd="sh"), "CONFIG_INVALID"),
    (lambda config: config["config"].update(User="a\nb"), "CONFIG_INVALID"),
    (lambda config: config["config"].update(WorkingDir="/a\0"), "CONFIG_INVALID"),
    (lambda config: config["config"].update(Volumes={"/a\nb": {}}), "CONFIG_INVALID"),
    (lambda config: config["config"].update(user="0", User="1000"), "CONFIG_INVALID"),
    (lambda config: config.update(history="none"), "CONFIG_INVALID"),
    (lambda config: config["config"].update(x="y" * (5 << 20)), "CONFIG_INVALID"),
])
def test_a_hostile_config_is_refused(pulls, image, edit, code):  # noqa: F811
    pulls.refuse(with_config(image, edit), code)


def test_a_history_that_lies_harms_nobody(pulls, image):  # noqa: F811
    made = with_config(image, lambda config: config.update(
        history=[{"created_by": "\x1b[2J", "empty_layer": False}] * 500))
    made.layers = image.layers

    pulls.take(made)


def test_a_history_of_wrong_types_is_refused(pulls, image):  # noqa: F811
    made = with_config(image, lambda config: config.update(history=[{"empty_layer": "perhaps"}]))
    made.layers = image.layers

    pulls.refuse(made, "CONFIG_INVALID")


# I-26: what the registry says of its bytes


def test_a_promised_digest_that_is_not_the_bodys_is_refused(pulls, image):  # noqa: F811
    pulls.server.script("/v2/hostile/manifests/", lambda call: call.answer(
        200, image.manifest, Content_Type=image.media_type,
        Docker_Content_Digest="sha256:" + "0" * 64))

    pulls.refuse(image, "DIGEST_MISMATCH")


def test_another_manifest_than_the_one_asked_for_is_refused(pulls, image):  # noqa: F811
    other = images.Image([layer_of_entries([entry("other", "y")])])
    pulls.server.script("/v2/hostile/manifests/sha256:", lambda call: call.answer(
        200, other.manifest, Content_Type=other.media_type, Docker_Content_Digest=image.digest))

    pulls.refuse_name(f"{pulls.server.address}/hostile@{image.digest}", "DIGEST_MISMATCH")


def test_a_tag_that_moves_during_the_pull_gives_one_of_the_two_images(pulls, image):  # noqa: F811
    other = images.Image([layer_of_entries([entry("other", "y")])])
    pulls.server.add("hostile", "1", other)
    pulls.server.script("/v2/hostile/manifests/1", lambda call: call.number == 0 and call.answer(
        200, image.manifest, Content_Type=image.media_type))

    [layer] = pulls.take(image)

    assert (layer / "file").exists()
    assert pulls.ikada("images", "-q").stdout.split() == [image.id[7:19]]
