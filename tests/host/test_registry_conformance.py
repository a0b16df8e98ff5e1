"""`ikada registry serve` against the categories pull and push of the distribution specification's
conformance tests; test_registry_content.py has the others.

Source: OCI distribution-spec 1.1; opencontainers/distribution-spec, conformance/README.md.
"""

import hashlib
import json
import os
import urllib.parse

import pytest

from images import digest_of
from own_registry import OCI_INDEX, OCI_MANIFEST, OwnRegistry, manifest_of

NO_DIGEST = "sha256:" + "0" * 64


@pytest.fixture(scope="module")
def server(no_leaks, tmp_path_factory):
    started = OwnRegistry(tmp_path_factory.mktemp("own")).start()
    yield started
    assert started.stop() == 0


def test_the_root_answers(server):
    reply = server.expect(200, "GET", "/v2/")

    assert reply.headers["Docker-Distribution-API-Version"] == "registry/2.0"
    assert server.request("GET", "/healthz").json() == {"status": "ok"}


# Pull


def test_a_blob_is_pulled_and_looked_at(server):
    data = os.urandom(100_000)
    digest = server.push_blob("pull/blob", data)
    path = f"/v2/pull/blob/blobs/{digest}"

    got = server.expect(200, "GET", path)
    head = server.expect(200, "HEAD", path)

    assert got.body == data
    assert head.body == b""
    for reply in (got, head):
        assert reply.headers["Content-Length"] == "100000"
        assert reply.headers["Docker-Content-Digest"] == digest
        assert reply.headers["ETag"] == f'"{digest}"'
        assert reply.headers["Accept-Ranges"] == "bytes"


def test_an_unknown_blob_is_404(server):
    for method in ("GET", "HEAD"):
        server.expect(404, method, f"/v2/pull/blob/blobs/{NO_DIGEST}")
    reply = server.request("GET", f"/v2/pull/none/blobs/{NO_DIGEST}")
    assert (reply.status, reply.code()) == (404, "BLOB_UNKNOWN")


@pytest.mark.parametrize("header, status, part", [
    ("bytes=0-0", 206, slice(0, 1)),
    ("bytes=10-19", 206, slice(10, 20)),
    ("bytes=990-", 206, slice(990, 1000)),
    ("bytes=990-5000", 206, slice(990, 1000)),
    ("bytes=-7", 206, slice(993, 1000)),
    ("bytes=-5000", 206, slice(0, 1000)),
    ("bytes=1000-", 416, None),
    ("bytes=99999999999999999999999999-", 416, None),
    ("bytes=-0", 416, None),
    ("bytes=20-10", 200, slice(0, 1000)),
    ("bytes=0-1,5-6", 200, slice(0, 1000)),
    ("lines=0-1", 200, slice(0, 1000)),
    ("bytes=a-b", 200, slice(0, 1000)),
])
def test_ranges(server, header, status, part):
    data = bytes(range(250)) * 4
    digest = server.push_blob("pull/range", data)

    reply = server.expect(status, "GET", f"/v2/pull/range/blobs/{digest}",
                          headers={"Range": header})

    if status == 416:
        assert reply.headers["Content-Range"] == "bytes */1000"
    else:
        assert reply.body == data[part]
    if status == 206:
        assert reply.headers["Content-Range"] == f"bytes {part.start}-{part.stop - 1}/1000"


def test_a_client_that_has_the_blob_gets_304(server):
    digest = server.push_blob("pull/etag", b"cached")
    path = f"/v2/pull/etag/blobs/{digest}"

    same = server.expect(304, "GET", path, headers={"If-None-Match": f'"x", W/"{digest}"'})
    server.expect(200, "GET", path, headers={"If-None-Match": '"other"'})
    server.expect(200, "GET", path, headers={"Range": "bytes=0-1", "If-Range": '"other"'})
    server.expect(206, "GET", path, headers={"Range": "bytes=0-1", "If-Range": f'"{digest}"'})

    assert same.body == b""


def test_a_manifest_is_pulled_by_tag_and_by_digest(server):
    digest = server.push_image("pull/manifest", "v1")

    replies = [server.expect(200, method, f"/v2/pull/manifest/manifests/{reference}")
               for method in ("GET", "HEAD") for reference in ("v1", digest)]

    for reply in replies:
        assert reply.headers["Docker-Content-Digest"] == digest
        assert reply.headers["Content-Type"] == OCI_MANIFEST
    assert digest_of(replies[0].body) == digest
    assert replies[2].body == b"" and int(replies[2].headers["Content-Length"]) > 100
    server.expect(304, "GET", "/v2/pull/manifest/manifests/v1",
                  headers={"If-None-Match": f'"{digest}"'})


def test_an_unknown_manifest_is_404(server):
    for reference in ("nothing", NO_DIGEST):
        server.expect(404, "HEAD", f"/v2/pull/manifest/manifests/{reference}")
        reply = server.request("GET", f"/v2/pull/manifest/manifests/{reference}")
        assert (reply.status, reply.code()) == (404, "MANIFEST_UNKNOWN")


# Push


def test_a_blob_in_one_post(server):
    data = b"monolithic"
    digest = digest_of(data)

    reply = server.expect(201, "POST", f"/v2/push/one/blobs/uploads/?digest={digest}", body=data)

    assert reply.headers["Location"] == f"/v2/push/one/blobs/{digest}"
    assert server.expect(200, "GET", reply.headers["Location"]).body == data


def test_a_blob_in_post_and_put(server):
    data = b"two steps"
    digest = digest_of(data)
    begun = server.expect(202, "POST", "/v2/push/two/blobs/uploads/")
    place = begun.headers["Location"]
    assert begun.headers["Range"] == "0-0"
    assert begun.headers["Docker-Upload-UUID"] in place

    # A colon may be escaped.
    reply = server.expect(201, "PUT", f"{place}?digest={urllib.parse.quote(digest, safe='')}",
                          body=data, headers={"Content-Type": "application/octet-stream"})

    assert reply.headers["Docker-Content-Digest"] == digest
    assert server.expect(200, "GET", reply.headers["Location"]).body == data
    server.expect(404, "GET", place)


def test_a_blob_in_chunks(server):
    first, second, third = os.urandom(70_000), os.urandom(5), os.urandom(3)
    place = server.start_upload("push/chunks")
    one = server.expect(202, "PATCH", place, body=first, headers={"Content-Range": "0-69999"})
    assert one.headers["Range"] == "0-69999"

    # Out of order, overlapping, twice, and one that does not fit its body.
    for content_range in ("70010-70014", "69999-70003", "0-69999", "70000-70001", "x", "5-1"):
        reply = server.expect(416, "PATCH", one.headers["Location"], body=second,
                              headers={"Content-Range": content_range})
        assert reply.headers["Range"] == "0-69999"
        assert reply.headers["Location"] == one.headers["Location"]
    status = server.expect(204, "GET", one.headers["Location"])
    assert status.headers["Range"] == "0-69999"
    two = server.expect(202, "PATCH", one.headers["Location"], body=second,
                        headers={"Content-Range": "70000-70004"})
    digest = digest_of(first + second + third)
    done = server.expect(201, "PUT", f"{two.headers['Location']}?digest={digest}", body=third,
                         headers={"Content-Range": "70005-70007"})

    assert server.expect(200, "GET", done.headers["Location"]).body == first + second + third


def test_a_blob_in_a_stream_of_unknown_length(server):
    data = os.urandom(300_000)
    place = server.start_upload("push/stream")

    # http.client sends an iterable with chunked transfer coding.
    reply = server.expect(202, "PATCH", place, body=iter([data[:1000], data[1000:]]))

    assert reply.headers["Range"] == "0-299999"
    digest = digest_of(data)
    server.expect(201, "PUT", f"{place}?digest={digest}")
    assert server.expect(200, "GET", f"/v2/push/stream/blobs/{digest}").body == data


def test_an_upload_can_be_given_up(server):
    place = server.start_upload("push/cancel")
    server.expect(202, "PATCH", place, body=b"abc")

    server.expect(204, "DELETE", place)

    for method in ("GET", "DELETE", "PATCH"):
        reply = server.request(method, place)
        assert (reply.status, reply.code()) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert not list((server.root / "uploads").iterdir())


def test_an_upload_belongs_to_its_repository(server):
    place = server.start_upload("push/mine")

    server.expect(404, "PATCH", place.replace("push/mine", "push/yours"), body=b"x")

    server.expect(204, "DELETE", place)


def test_a_wrong_digest_is_refused_and_leaves_nothing(server):
    before = server.blobs()
    place = server.start_upload("push/wrong")

    reply = server.expect(400, "PUT", f"{place}?digest={NO_DIGEST}", body=b"something else")

    assert reply.code() == "DIGEST_INVALID"
    assert server.blobs() == before
    server.expect(404, "GET", place)
    missing = server.expect(400, "PUT", server.start_upload("push/wrong"), body=b"x")
    assert missing.code() == "DIGEST_INVALID"


@pytest.mark.parametrize("digest", [
    "sha256:" + "A" * 64, "sha256:abc", "md5:" + "0" * 32, "sha256:../../etc/passwd",
    "sha256:" + "0" * 63 + "%2f", "sha256", ":", "sha512:" + "0" * 64])
def test_bad_digests(server, digest):
    place = server.start_upload("push/bad")
    assert server.expect(400, "PUT", f"{place}?digest={digest}", body=b"x").code() == \
        "DIGEST_INVALID"
    assert server.request("GET", f"/v2/push/bad/blobs/{digest}").status in (400, 404)
    server.expect(204, "DELETE", place)


def test_sha512_and_the_empty_blob(server):
    data = b"long digest"
    digest = "sha512:" + hashlib.sha512(data).hexdigest()
    server.push_blob("push/sha512", data, digest)
    assert server.expect(200, "GET", f"/v2/push/sha512/blobs/{digest}").body == data

    empty = server.push_blob("push/empty", b"")
    assert server.expect(200, "GET", f"/v2/push/empty/blobs/{empty}").body == b""


def test_a_blob_is_mounted_from_another_repository(server):
    data = os.urandom(1000)
    digest = server.push_blob("push/source", data)
    before = server.blobs()

    reply = server.expect(
        201, "POST", f"/v2/push/target/blobs/uploads/?mount={digest}&from=push/source")

    assert reply.headers["Location"] == f"/v2/push/target/blobs/{digest}"
    assert server.expect(200, "GET", reply.headers["Location"]).body == data
    assert server.blobs() == before
    # What is not there is uploaded.
    for query in (f"mount={NO_DIGEST}&from=push/source", f"mount={digest}&from=push/none",
                  f"mount={digest}&from=../push", f"mount={digest}"):
        other = server.expect(202, "POST", f"/v2/push/third/blobs/uploads/?{query}")
        server.expect(204, "DELETE", other.headers["Location"])


def test_a_manifest_needs_what_it_names(server):
    config = server.push_blob("push/manifest", b"{}")
    path = "/v2/push/manifest/manifests/v1"
    missing = json.dumps(manifest_of([(NO_DIGEST, 1)], config)).encode()
    wrong_size = json.dumps(manifest_of([], config, config_size=3)).encode()

    no_layer = server.request("PUT", path, missing, {"Content-Type": OCI_MANIFEST})
    no_size = server.request("PUT", path, wrong_size, {"Content-Type": OCI_MANIFEST})

    assert (no_layer.status, no_layer.code()) == (404, "MANIFEST_BLOB_UNKNOWN")
    assert (no_size.status, no_size.code()) == (400, "MANIFEST_INVALID")
    server.expect(404, "GET", path)


def test_a_manifest_by_digest_has_to_have_it(server):
    config = server.push_blob("push/by-digest", b"{}")
    data = json.dumps(manifest_of([], config)).encode()
    path = "/v2/push/by-digest/manifests/"
    headers = {"Content-Type": OCI_MANIFEST}

    assert server.expect(400, "PUT", path + NO_DIGEST, data, headers).code() == "DIGEST_INVALID"
    reply = server.expect(201, "PUT", path + digest_of(data), data, headers)
    long = "sha512:" + hashlib.sha512(data).hexdigest()
    server.expect(201, "PUT", path + long, data, headers)

    assert reply.headers["Location"] == path + digest_of(data)
    assert server.expect(200, "GET", path + long).body == data


BAD_MANIFESTS = {
    "not JSON": b"nonsense",
    "an array": b"[]",
    "empty": b"",
    "schema 1": b'{"schemaVersion":1,"fsLayers":[]}',
    "no version": b'{"config":{},"layers":[]}',
    "both kinds": b'{"schemaVersion":2,"config":{},"layers":[],"manifests":[]}',
    "a key twice": b'{"schemaVersion":2,"schemaVersion":2,"manifests":[]}',
    "nested": b'{"schemaVersion":2,"manifests":[],"x":' + b"[" * 1000 + b"]" * 1000 + b"}",
    "another type": b'{"schemaVersion":2,"mediaType":"text/plain","manifests":[]}',
    "an index as a manifest": b'{"schemaVersion":2,"mediaType":"' + OCI_MANIFEST.encode() +
                              b'","manifests":[]}',
    "a descriptor without a digest": b'{"schemaVersion":2,"manifests":[{"size":1}]}',
    "a negative size": b'{"schemaVersion":2,"manifests":[{"size":-1,"digest":"' +
                       NO_DIGEST.encode() + b'"}]}',
    "a digest that is a path": b'{"schemaVersion":2,"manifests":[{"size":1,"digest":"../../x"}]}',
    "many entries": json.dumps({"schemaVersion": 2, "manifests": [
        {"size": 1, "digest": NO_DIGEST}] * 5000}).encode(),
    "bad UTF-8": b'{"schemaVersion":2,"manifests":[],"x":"\xff\xfe"}',
}


@pytest.mark.parametrize("kind", BAD_MANIFESTS)
def test_bad_manifests(server, kind):
    reply = server.request("PUT", "/v2/push/bad-manifests/manifests/v1", BAD_MANIFESTS[kind])

    assert reply.status == 400, reply.body
    assert reply.code() in ("MANIFEST_INVALID", "DIGEST_INVALID")


def test_what_a_manifest_says_and_is_called_must_agree(server):
    config = server.push_blob("push/agree", b"{}")
    data = json.dumps(manifest_of([], config)).encode()

    reply = server.expect(400, "PUT", "/v2/push/agree/manifests/v1", data,
                          {"Content-Type": "application/vnd.docker.distribution.manifest.v2+json"})

    assert reply.code() == "MANIFEST_INVALID"


def test_a_manifest_has_at_most_4_mib(server):
    large = b'{"schemaVersion":2,"manifests":[]}'
    fits = large + b" " * ((4 << 20) - len(large))

    server.expect(201, "PUT", "/v2/push/large/manifests/fits", fits, {"Content-Type": OCI_INDEX})
    reply = server.expect(413, "PUT", "/v2/push/large/manifests/too", fits + b" ")

    assert reply.code() == "SIZE_INVALID"
    server.expect(413, "PUT", "/v2/push/large/manifests/too", iter([fits, b"x"]))


def test_docker_types_and_indexes(server):
    docker = "application/vnd.docker.distribution.manifest.v2+json"
    docker_list = "application/vnd.docker.distribution.manifest.list.v2+json"
    config = server.push_blob("push/docker", b"{}")
    image = {**manifest_of([], config), "mediaType": docker}
    digest = server.push_manifest("push/docker", "one", image, docker)
    index = {"schemaVersion": 2, "mediaType": docker_list, "manifests": [
        {"mediaType": docker, "digest": digest, "size": len(json.dumps(image))}]}
    server.push_manifest("push/docker", "all", index, docker_list)

    assert server.request("GET", "/v2/push/docker/manifests/one").headers["Content-Type"] == docker
    got = server.request("GET", "/v2/push/docker/manifests/all")
    assert got.headers["Content-Type"] == docker_list
    index["manifests"][0]["digest"] = NO_DIGEST
    reply = server.request("PUT", "/v2/push/docker/manifests/x", json.dumps(index).encode(),
                           {"Content-Type": docker_list})
    assert reply.code() == "MANIFEST_BLOB_UNKNOWN"
