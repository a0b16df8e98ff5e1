"""Pushing to registries that break, refuse or lie."""

import os
import signal
import time

import pytest

import images
import upload_registry
from test_push import large_layer, make_image, obtain, short

LARGE = 8 << 20  # More than sockets hold.


@pytest.fixture
def server():
    registry = upload_registry.UploadRegistry().start()
    yield registry
    registry.stop()


@pytest.fixture
def large(ikada, registry, server):
    """The name of an image with one large layer; `.image` is what it is made of."""
    image = images.Image([large_layer(LARGE)])
    name = obtain(ikada, registry, image, f"{server.address}/web:1")
    return name, image


def refused(ikada, *arguments):
    result = ikada("push", *arguments, check=False)
    assert result.returncode == 1, result
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def assert_arrived(server, image, repository="web"):
    assert server.manifests[repository]["1"][0] == image.manifest
    for blob in image.blobs():
        assert server.blobs[repository][images.digest_of(blob)] == blob


def kept_when_still(server):
    """How much the registry has of the upload when it has read all that was on its way."""
    deadline = time.monotonic() + 60
    while server.bodies_under_way > 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return max(len(data or b"") for data in list(server.uploads.values()))


def body_bytes(server):
    return sum(int(call.headers.get("Content-Length", 0)) for call in server.calls
               if call.method == "PATCH")


@pytest.mark.parametrize("absolute", [False, True])
def test_locations_may_be_relative_or_absolute(ikada, server, large, absolute):
    name, image = large
    server.absolute = absolute

    ikada("push", name)

    assert_arrived(server, image)
    for call in server.calls:
        assert "Expect" not in call.headers
        assert call.headers.get("Transfer-Encoding") is None


@pytest.mark.parametrize("cut_after", [2, 64 << 10, 1_000_000, 3_000_000])
def test_an_upload_goes_on_where_its_connection_was_cut(ikada, server, large, cut_after):
    name, image = large
    server.cut_after, server.cuts_left = cut_after, 2

    ikada("push", name)

    assert_arrived(server, image)
    assert server.methods().count("POST") == 2  # One for the configuration.
    assert body_bytes(server) < 3 * len(image.layers[0].data)


def test_a_registry_that_forgets_uploads_gets_the_blob_again(ikada, server, large):
    name, image = large
    server.cut_after, server.cuts_left, server.keeps_parts = 1_000_000, 2, False

    ikada("push", name)

    assert_arrived(server, image)


def test_a_registry_that_always_cuts_is_given_up(ikada, server, large):
    name, image = large
    server.cut_after, server.cuts_left, server.keeps_parts = 1_000_000, 1000, False

    message = refused(ikada, name)

    assert f"blob {images.digest_of(image.layers[0].data)}" in message
    assert "1" not in server.manifests.get("web", {})


def test_a_killed_push_goes_on_where_it_was(ikada, server, large):
    name, image = large
    server.pause_s = 0.02
    running = ikada.popen("push", "-q", name)
    deadline = time.monotonic() + 60
    while not any(data and len(data) > 1_000_000 for data in list(server.uploads.values())):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    posts = server.methods().count("POST")
    kept = kept_when_still(server)
    server.pause_s = 0

    ikada("push", name)

    assert_arrived(server, image)
    assert server.methods().count("POST") == posts
    resumed = [call for call in server.calls if "Content-Range" in call.headers]
    assert [call.headers["Content-Range"] for call in resumed] == [
        f"{kept}-{len(image.layers[0].data) - 1}"]
    assert list((ikada.root / "images" / "uploads").iterdir()) == []


def test_a_killed_push_begins_anew_where_the_upload_is_gone(ikada, server, large):
    name, image = large
    server.pause_s = 0.02
    running = ikada.popen("push", "-q", name)
    deadline = time.monotonic() + 60
    while not any(data and len(data) > 500_000 for data in list(server.uploads.values())):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    server.pause_s = 0
    server.uploads = {key: None for key in server.uploads}

    ikada("push", name)

    assert_arrived(server, image)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_registry_is_waited_for(ikada, server, large, status):
    name, image = large

    def busy(call):
        calls = [each for each in server.calls if each.method == call.method]
        if call.method not in ("PATCH", "PUT") or len(calls) > 1:
            return False
        return call.answer(status, Retry_After="1")

    server.script("/v2/web/", busy)
    began = time.monotonic()

    ikada("push", name)

    assert_arrived(server, image)
    assert time.monotonic() - began >= 2  # One for the PATCH, one for the first PUT.


def test_a_mount_that_is_refused_becomes_an_upload(ikada, server):
    image = make_image("mounted\n")
    server.add("base", "1", image)
    server.mounts = False
    ikada("pull", "-q", f"{server.address}/base:1")
    ikada("tag", f"{server.address}/base:1", f"{server.address}/web:1")

    said = ikada("push", f"{server.address}/web:1").stdout

    assert f"{short(image.layers[0])}: Pushed\n" in said
    assert_arrived(server, image)
    # The upload that was opened instead of the mount is the one that is used.
    assert server.methods().count("POST") == 2


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_a_mount_that_is_an_error_becomes_an_upload(ikada, server, status):
    image = make_image("mounted\n")
    server.add("base", "1", image)
    ikada("pull", "-q", f"{server.address}/base:1")
    ikada("tag", f"{server.address}/base:1", f"{server.address}/web:1")
    server.script("/v2/web/blobs/uploads/?mount", lambda call: call.answer(status))

    ikada("push", f"{server.address}/web:1")

    assert_arrived(server, image)


@pytest.mark.parametrize("what", ["manifests", "blobs"])
def test_a_registry_that_says_it_keeps_something_else_is_caught(ikada, server, large, what):
    name, _image = large
    lie = "sha256:" + "0" * 64

    def answer(call):
        return call.method == "PUT" and call.answer(201, Docker_Content_Digest=lie)

    server.script(f"/v2/web/{what}/", answer)

    message = refused(ikada, name)

    assert f"the registry says it keeps {lie}" in message
    assert server.methods("manifests").count("PUT") == (what == "manifests")


def test_a_large_request_that_is_refused_is_sent_in_parts(ikada, registry, server):
    image = images.Image([large_layer(9 << 20)])
    name = obtain(ikada, registry, image, f"{server.address}/web:1")

    def limit(call):
        return len(call.body) > 5 << 20 and call.answer(413)

    server.script("/v2/web/blobs/uploads/u", limit)

    ikada("push", name)

    assert_arrived(server, image)
    ranges = [call.headers["Content-Range"] for call in server.calls
              if "Content-Range" in call.headers]
    assert len(ranges) == 3
    assert ranges[0] == f"0-{(4 << 20) - 1}"


def test_a_missing_blob_at_the_manifest_is_told(ikada, server, large):
    name, _image = large
    server.script("/v2/web/blobs/sha256", lambda call: call.answer(200))

    message = refused(ikada, name)

    assert "blob unknown to registry" in message


def test_a_spoilt_layer_is_not_accepted(ikada, server, large):
    name, image = large
    path = ikada.root / "images" / "blobs" / "sha256" / images.digest_of(image.layers[0].data)[7:]
    data = bytearray(path.read_bytes())
    data[LARGE // 2] ^= 1
    path.write_bytes(data)

    message = refused(ikada, name)

    assert "provided digest did not match" in message
    path.write_bytes(data[:-1])
    assert "damaged on this host" in refused(ikada, name)
