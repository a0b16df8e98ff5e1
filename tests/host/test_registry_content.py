"""`ikada registry serve` against the specification's categories content discovery and content
management, and what its grammars forbid.

Source: OCI distribution-spec 1.1; opencontainers/distribution-spec, conformance/README.md.
"""

import json
import re
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


# Content discovery


def test_tags_come_in_order_and_in_pages(server):
    names = ["v10", "v2", "A", "z", "latest", "1.0", "_x"]
    for name in names:
        server.push_image("list/tags", name)
    path = "/v2/list/tags/tags/list"

    every = server.expect(200, "GET", path).json()
    assert every == {"name": "list/tags", "tags": sorted(names)}

    pages, follow = [], f"{path}?n=3"
    while follow:
        reply = server.expect(200, "GET", follow)
        pages.append(reply.json()["tags"])
        link = reply.headers["Link"]
        assert link is None or link.endswith('; rel="next"')
        follow = link and re.match("<(.*)>", link)[1]
    assert pages == [sorted(names)[i:i + 3] for i in (0, 3, 6)]
    assert server.expect(200, "GET", f"{path}?n=0").json()["tags"] == []
    assert server.expect(200, "GET", f"{path}?last=v10").json()["tags"] == ["v2", "z"]
    assert server.expect(200, "GET", f"{path}?n=99999999").json()["tags"] == sorted(names)
    for bad in ("x", "-1", "1.5"):
        server.expect(400, "GET", f"{path}?n={bad}")


def test_tags_of_no_repository(server):
    assert server.expect(404, "GET", "/v2/list/none/tags/list").code() == "NAME_UNKNOWN"


def test_the_catalog_comes_in_order_and_in_pages(no_leaks, tmp_path):
    server = OwnRegistry(tmp_path).start()
    try:
        names = ["a", "a-b", "a.b", "a/b", "a/b/c", "ab", "b", "a0", "z/y/x"]
        for name in names:
            server.push_image(name, "v1")
        server.push_blob("only/blobs", b"no manifest")

        assert server.expect(200, "GET", "/v2/_catalog").json() == {"repositories": sorted(names)}
        found, follow = [], "/v2/_catalog?n=2"
        while follow:
            reply = server.expect(200, "GET", follow)
            assert len(reply.json()["repositories"]) <= 2
            found += reply.json()["repositories"]
            follow = reply.headers["Link"] and re.match("<(.*)>", reply.headers["Link"])[1]
        assert found == sorted(names)
        for after in (*names, "", "a/", "0", "zz"):
            got = server.expect(
                200, "GET", f"/v2/_catalog?last={urllib.parse.quote(after)}").json()
            assert got["repositories"] == [each for each in sorted(names) if each > after], after
    finally:
        server.stop()


def test_referrers(server):
    config = server.push_blob("list/refs", b"{}")
    subject = server.push_image("list/refs", "v1")
    size = int(server.request("HEAD", "/v2/list/refs/manifests/v1").headers["Content-Length"])
    made = {}
    for kind in ("a/sbom", "a/signature", "a/sbom+json"):
        manifest = manifest_of([], config, artifactType=kind, annotations={"made": kind},
                               subject={"mediaType": OCI_MANIFEST, "digest": subject,
                                        "size": size})
        data = json.dumps(manifest).encode()
        reply = server.expect(201, "PUT", f"/v2/list/refs/manifests/{digest_of(data)}", data,
                              {"Content-Type": OCI_MANIFEST})
        assert reply.headers["OCI-Subject"] == subject
        made[digest_of(data)] = kind
    path = f"/v2/list/refs/referrers/{subject}"

    every = server.expect(200, "GET", path)
    assert every.headers["Content-Type"] == OCI_INDEX
    assert every.headers["OCI-Filters-Applied"] is None
    listed = every.json()
    assert (listed["schemaVersion"], listed["mediaType"]) == (2, OCI_INDEX)
    assert {each["digest"]: each["artifactType"] for each in listed["manifests"]} == made
    assert all(each["annotations"] == {"made": each["artifactType"]}
               for each in listed["manifests"])

    some = server.expect(200, "GET", f"{path}?artifactType=a/sbom%2Bjson")
    assert some.headers["OCI-Filters-Applied"] == "artifactType"
    assert [each["artifactType"] for each in some.json()["manifests"]] == ["a/sbom+json"]
    none = server.expect(200, "GET", f"{path}?artifactType=other")
    assert none.json()["manifests"] == []
    # Pages, with the filter kept.
    first = server.expect(200, "GET", f"{path}?n=2")
    assert len(first.json()["manifests"]) == 2
    rest = server.expect(200, "GET", re.match("<(.*)>", first.headers["Link"])[1])
    assert len(rest.json()["manifests"]) == 1 and rest.headers["Link"] is None
    # A referrer that is deleted is listed no longer.
    gone = next(iter(made))
    server.expect(202, "DELETE", f"/v2/list/refs/manifests/{gone}")
    left = [each["digest"] for each in server.request("GET", path).json()["manifests"]]
    assert sorted(left) == sorted(set(made) - {gone})


def test_referrers_of_what_is_not_there(server):
    # The subject may come later.
    config = server.push_blob("list/early", b"{}")
    manifest = manifest_of([], config, subject={"mediaType": OCI_MANIFEST, "digest": NO_DIGEST,
                                                "size": 7})
    digest = server.push_manifest("list/early", "sig", manifest)

    found = server.expect(200, "GET", f"/v2/list/early/referrers/{NO_DIGEST}").json()
    assert [each["digest"] for each in found["manifests"]] == [digest]
    # Without artifactType the config's type stands for it.
    assert found["manifests"][0]["artifactType"] == "application/vnd.oci.image.config.v1+json"
    assert server.expect(200, "GET", f"/v2/no/where/referrers/{NO_DIGEST}").json()[
        "manifests"] == []
    server.expect(400, "GET", "/v2/list/early/referrers/sha256:xyz")


# Content management


def test_a_tag_is_deleted_and_its_manifest_stays(server):
    digest = server.push_image("delete/tag", "v1")

    server.expect(202, "DELETE", "/v2/delete/tag/manifests/v1")

    server.expect(404, "GET", "/v2/delete/tag/manifests/v1")
    server.expect(200, "GET", f"/v2/delete/tag/manifests/{digest}")
    server.expect(404, "DELETE", "/v2/delete/tag/manifests/v1")
    assert server.expect(200, "GET", "/v2/delete/tag/tags/list").json()["tags"] == []


def test_a_manifest_is_deleted_with_its_tags(server):
    digest = server.push_image("delete/manifest", "v1")
    server.push_image("delete/manifest", "v2")
    server.push_image("delete/manifest", "other", text="other")

    server.expect(202, "DELETE", f"/v2/delete/manifest/manifests/{digest}")

    server.expect(404, "GET", f"/v2/delete/manifest/manifests/{digest}")
    assert server.request("GET", "/v2/delete/manifest/tags/list").json()["tags"] == ["other"]
    server.expect(404, "DELETE", f"/v2/delete/manifest/manifests/{digest}")


def test_a_blob_is_deleted_unless_a_manifest_needs_it(server):
    manifest = server.push_image("delete/blob", "v1", text="needed")
    blob = digest_of(b"needed")
    path = f"/v2/delete/blob/blobs/{blob}"
    server.push_blob("delete/other", b"needed")

    assert server.expect(405, "DELETE", path).code() == "UNSUPPORTED"
    server.expect(202, "DELETE", f"/v2/delete/blob/manifests/{manifest}")
    server.expect(202, "DELETE", path)

    server.expect(404, "GET", path)
    server.expect(404, "DELETE", path)
    server.expect(200, "GET", f"/v2/delete/other/blobs/{blob}")


# What the grammar forbids


@pytest.mark.parametrize("path, status", [
    ("/v2/UPPER/tags/list", 400),
    ("/v2/a//b/tags/list", 400),
    ("/v2/-a/tags/list", 400),
    ("/v2/a../tags/list", 400),
    ("/v2/../../etc/tags/list", 400),
    ("/v2/%2e%2e/%2e%2e/etc/tags/list", 400),
    ("/v2/a%2f..%2fb/tags/list", 400),
    ("/v2/_blobs/tags/list", 400),
    ("/v2/" + "a" * 256 + "/tags/list", 400),
    ("/v2/a%00b/tags/list", 400),
    ("/v2/a%zz/tags/list", 400),
    ("/v2/a/manifests/" + "t" * 129, 400),
    ("/v2/a/manifests/.hidden", 400),
    ("/v2/a/manifests/..%2f..%2fx", 404),
    ("/v2/a/blobs/uploads/../../../etc", 404),
    ("/v2/a/blobs/uploads/..", 404),
    ("/v2/a", 404),
    ("/v2/a/tags", 404),
    ("/v2/a/tags/other", 404),
    ("/v1/search", 404),
    ("/", 404),
    ("/v2/" + "a/" * 3000 + "tags/list", 400),
])
def test_bad_paths(server, path, status):
    reply = server.request("GET", path)

    assert reply.status == status, reply.body
    assert re.fullmatch("[A-Z_]+", reply.code())
    assert reply.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("method, path", [
    ("PUT", "/v2/"), ("POST", "/v2/a/tags/list"), ("GET", "/v2/a/blobs/uploads/"),
    ("PATCH", "/v2/a/manifests/v1"), ("DELETE", "/v2/_catalog"), ("BREW", "/v2/")])
def test_other_methods_are_405(server, method, path):
    reply = server.request(method, path)

    assert (reply.status, reply.code()) == (405, "UNSUPPORTED")
    assert method not in reply.headers["Allow"]
