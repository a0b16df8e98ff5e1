"""Tokens and redirects while pushing: who is told the password, and what is asked for."""

import base64
import json
import urllib.parse

import pytest

import images
import upload_registry
from test_push import large_layer, make_image, obtain, short
from test_push_broken import assert_arrived, refused
from tls_files import make_authority, make_certificate

USER, PASSWORD = "ada", "secret"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class TokenRegistry(upload_registry.UploadRegistry):
    """Wants a token for everything; `ends_after` uses a token is no good any more."""

    def __init__(self):
        super().__init__()
        self.tokens = {}
        self.scopes = []
        self.ends_after = 1000
        self.refused_scopes = ()
        self.realm = None
        self.script("/token", self._give_token)
        self.script("/v2/", self._check)

    def _give_token(self, call):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(call.path).query)
        assert call.authorization == BASIC
        self.scopes.append(query.get("scope", []))
        if any(each in self.refused_scopes for each in query.get("scope", [])):
            return call.error(403, "DENIED", "not for you")
        token = f"t{len(self.tokens)}"
        self.tokens[token] = 0
        return call.answer(200, json.dumps({"token": token}).encode())

    def _check(self, call):
        token = (call.authorization or "").removeprefix("Bearer ")
        if token in self.tokens and self.tokens[token] < self.ends_after:
            self.tokens[token] += 1
            return False
        realm = self.realm or f"http://{self.address}/token"
        return call.error(401, "UNAUTHORIZED", "authentication required",
                          WWW_Authenticate=f'Bearer realm="{realm}",service="s"')


@pytest.fixture
def server(ikada):
    registry = TokenRegistry().start()
    (ikada.home / ".docker").mkdir()
    (ikada.home / ".docker" / "config.json").write_text(json.dumps({"auths": {
        registry.address: {"auth": BASIC.removeprefix("Basic ")}}}))
    yield registry
    registry.stop()


def test_push_and_pull_are_asked_for_once(ikada, registry, server):
    image = make_image("a\n", "b\n", "c\n")
    name = obtain(ikada, registry, image, f"{server.address}/web:1")

    ikada("push", name)

    assert_arrived(server, image)
    assert server.scopes == [["repository:web:pull,push"]]


def test_a_mount_asks_for_its_source_too(ikada, server):
    image = make_image("mounted\n")
    server.add("base", "1", image)
    ikada("pull", "-q", f"{server.address}/base:1")
    ikada("tag", f"{server.address}/base:1", f"{server.address}/web:1")

    said = ikada("push", f"{server.address}/web:1").stdout

    assert f"{short(image.layers[0])}: Mounted from base\n" in said
    assert ["repository:web:pull,push", "repository:base:pull"] in server.scopes


def test_a_source_that_is_not_ours_keeps_nobody_from_pushing(ikada, server):
    image = make_image("mounted\n")
    server.add("base", "1", image)
    ikada("pull", "-q", f"{server.address}/base:1")
    server.refused_scopes = ("repository:base:pull",)
    ikada("tag", f"{server.address}/base:1", f"{server.address}/web:1")

    said = ikada("push", f"{server.address}/web:1").stdout

    assert f"{short(image.layers[0])}: Pushed\n" in said
    assert_arrived(server, image)


@pytest.mark.parametrize("uses", [1, 2, 3])
def test_a_token_may_end_in_the_middle(ikada, registry, server, uses):
    image = images.Image([large_layer(3 << 20)])
    name = obtain(ikada, registry, image, f"{server.address}/web:1")
    server.ends_after = uses

    ikada("push", name)

    assert_arrived(server, image)
    assert len(server.tokens) > 2


def test_a_stranger_is_not_told_the_password(ikada, registry, server):
    name = obtain(ikada, registry, make_image("x\n"), f"{server.address}/web:1")
    server.realm = "https://login.example.com/token"

    message = refused(ikada, name)

    assert "wants the password to be sent to login.example.com" in message


def test_an_upload_elsewhere_gets_no_credentials(ikada, registry, server):
    image = make_image("elsewhere\n")
    name = obtain(ikada, registry, image, f"{server.address}/web:1")
    storage = upload_registry.UploadRegistry().start()
    try:
        def send_away(call):
            if call.method != "POST":
                return False
            upload = f"u{len(storage.uploads)}"
            storage.uploads[upload] = bytearray()
            return call.answer(202, Location=f"http://{storage.address}/v2/web/blobs/uploads/"
                                             f"{upload}")

        server.script("/v2/web/blobs/uploads/", send_away)
        server.script("/v2/web/manifests/", lambda call: call.answer(201))

        ikada("push", name)

        assert {call.method for call in storage.calls} == {"PUT"}
        assert all(call.authorization is None for call in storage.calls)
        for blob in image.blobs():
            assert storage.blobs["web"][images.digest_of(blob)] == blob
    finally:
        storage.stop()


@pytest.mark.parametrize("status,followed", [(307, True), (308, True), (301, False), (302, False),
                                             (303, False)])
def test_a_redirect_is_followed_with_its_body_or_not_at_all(ikada, registry, server, status,
                                                            followed):
    image = make_image("redirect\n")
    name = obtain(ikada, registry, image, f"{server.address}/web:1")
    other = upload_registry.UploadRegistry().start()
    try:
        def move(call):
            if call.method != "PUT":
                return False
            return call.answer(status, Location=f"http://{other.address}{call.path}")

        server.script("/v2/web/manifests/", move)
        other.script("/v2/web/manifests/", lambda call: call.answer(201))

        result = ikada("push", name, check=False)

        assert (result.returncode == 0) == followed
        assert [call.body for call in other.calls] == [image.manifest] * followed
        assert all(call.authorization is None for call in other.calls)
    finally:
        other.stop()


def test_a_plain_upload_place_of_a_tls_registry_is_refused(ikada, registry, tmp_path):
    authority = make_authority(tmp_path / "ca")
    certificate, key = make_certificate(tmp_path / "server", authority, "IP:127.0.0.1")
    server = upload_registry.UploadRegistry(certificate, key).start()
    try:
        server.absolute = True  # With http, as behind a proxy that it does not know of.
        ikada.environment["SSL_CERT_FILE"] = str(authority.certificate)
        name = obtain(ikada, registry, make_image("tls\n"), f"{server.address}/web:1")

        message = refused(ikada, name)

        assert "from https to http://" in message
        server.scheme = "https"
        ikada("push", name)
    finally:
        server.stop()
