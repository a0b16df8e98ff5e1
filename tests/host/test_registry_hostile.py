"""Registries that lie, lead astray, break off and ask for what is not theirs."""

import gzip
import json

import pytest

import images
import scripted_registry
from tls_files import make_authority, make_certificate

USER, PASSWORD = "ada", "secret"
BASIC = "Basic YWRhOnNlY3JldA=="


@pytest.fixture
def servers(no_leaks):
    started = []

    def start(**options):
        server = scripted_registry.ScriptedRegistry(**options).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def image():
    """Large enough to break in the middle."""
    noise = "".join(f"{number * 7919 % 100003}\n" for number in range(60000))
    return images.Image([images.layer_of_entries([images.entry("noise", noise)], "none")],
                        config={"Cmd": ["/bin/sh"]})


@pytest.fixture
def server(servers, image):
    registry = servers()
    registry.add("web", "1", image)
    return registry


def blob_of(image):
    return images.digest_of(image.layers[0].data)


def layer_path(image):
    return f"/v2/web/blobs/{blob_of(image)}"


def pull(ikada, server, check=True):
    return ikada("pull", f"{server.address}/web:1", check=check)


def refusal(ikada, server):
    """The one line of a pull that is refused, after which no image is there."""
    result = pull(ikada, server, check=False)
    assert result.returncode == 1, result
    lines = [line for line in result.stderr.splitlines() if line.startswith("ikada ")]
    assert len(lines) == 1, result.stderr
    assert ikada("images", "-q").stdout == ""
    left = [path for path in (ikada.root / "layers").rglob("noise")]
    assert left == []
    return lines[0]


def log_in(ikada, address):
    config = ikada.home / ".docker" / "config.json"
    config.parent.mkdir(exist_ok=True)
    config.write_text(json.dumps({"auths": {address: {"auth": BASIC.split()[1]}}}))


def challenge(realm):
    return lambda call: call.authorization != "Bearer granted" and call.error(
        401, "UNAUTHORIZED", "authentication required",
        WWW_Authenticate=f'Bearer realm="{realm}",service="tests",scope="repository:web:pull"')


def grant(call):
    return call.answer(200, b'{"token": "granted", "expires_in": 300}')


# Tokens


def test_a_token_is_fetched_once_and_used_for_everything(ikada, server):
    server.script("/v2/", challenge(f"http://{server.address}/token"))
    server.script("/token", grant)

    pull(ikada, server)

    tokens = server.calls_to("/token")
    assert len(tokens) == 1
    assert "scope=repository%3aweb%3apull" in tokens[0].path.lower()
    assert "service=tests" in tokens[0].path
    assert tokens[0].authorization is None


def test_the_password_goes_to_the_registrys_own_token_server(ikada, server):
    log_in(ikada, server.address)
    server.script("/v2/", challenge(f"http://{server.address}/token"))
    server.script("/token", grant)

    pull(ikada, server)

    assert server.calls_to("/token")[0].authorization == BASIC
    assert all(call.authorization != BASIC for call in server.calls_to("/v2/"))


def test_a_stranger_is_not_given_the_password(ikada, server, servers):
    thief = servers()
    thief.script("/token", grant)
    log_in(ikada, server.address)
    server.script("/v2/", challenge(f"http://localhost:{thief.port}/token"))

    message = refusal(ikada, server)

    assert "wants the password to be sent to localhost" in message
    assert thief.calls == []


def test_a_token_server_can_be_configured(ikada, server, servers, tmp_path):
    other = servers()
    other.script("/token", grant)
    log_in(ikada, server.address)
    server.script("/v2/", challenge(f"http://localhost:{other.port}/token"))
    config = tmp_path / "config.yaml"
    config.write_text(f"registries:\n  {server.address}:\n    auth_hosts: [localhost]\n")
    ikada.environment["IKADA_CONFIG"] = str(config)

    pull(ikada, server)

    assert other.calls[0].authorization == BASIC


def test_a_token_that_would_add_a_header_is_refused(ikada, server):
    server.script("/v2/", challenge(f"http://{server.address}/token"))
    server.script("/token", lambda call: call.answer(200, b'{"token": "x\\r\\nHost: evil"}'))

    assert "holds no token" in refusal(ikada, server)


def test_an_endless_challenge_ends(ikada, server):
    realm = f'Bearer realm="http://{server.address}/token"'
    server.script("/v2/web", lambda call: call.error(
        401, "UNAUTHORIZED", "no", WWW_Authenticate=realm))
    server.script("/token", grant)

    assert "pull access denied" in refusal(ikada, server)
    assert len(server.calls) < 10


@pytest.mark.parametrize("realm", [
    "file:///etc/passwd", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/", "",
    "http://registry.invalid/token"])
def test_a_realm_that_is_no_place_for_questions_is_refused(ikada, server, realm):
    server.script("/v2/web", challenge(realm))

    refusal(ikada, server)


# Redirects


def test_a_redirect_is_followed_without_the_password(ikada, server, servers, image):
    store = servers()
    store.script("/data", lambda call: scripted_registry.serve_range(call, image.layers[0].data))
    log_in(ikada, server.address)
    server.script("/v2/web/", lambda call: call.authorization != BASIC and call.error(
        401, "UNAUTHORIZED", "no", WWW_Authenticate='Basic realm="x"'))
    server.script(layer_path(image), lambda call: call.answer(
        307, Location=f"http://localhost:{store.port}/data"))

    pull(ikada, server)

    assert [call.authorization for call in store.calls] == [None]


@pytest.mark.parametrize("location, said", [
    ("file:///etc/passwd", "only http and https"),
    ("http://user@127.0.0.1/", "user name"),
    ("http://registry.example/data", "plain http to registry.example is refused"),
    ("//[::1", "redirect to"),
])
def test_a_redirect_elsewhere_is_refused(ikada, server, image, location, said):
    server.script(layer_path(image), lambda call: call.answer(302, Location=location))

    assert said in refusal(ikada, server)


def test_a_thousand_redirects_are_not_followed(ikada, server, image):
    server.script("/v2/web/blobs", lambda call: call.answer(302, Location=call.path + "0"))

    assert "more than 5 redirects" in refusal(ikada, server)
    assert len(server.calls) < 20


def test_a_redirect_does_not_lead_out_of_tls(ikada, servers, server, image, tmp_path):
    authority = make_authority(tmp_path / "ca")
    certificate, key = make_certificate(tmp_path / "server", authority, "IP:127.0.0.1")
    ikada.environment["SSL_CERT_FILE"] = str(authority.certificate)
    secure = servers(certificate=certificate, key=key)
    secure.add("web", "1", image)
    secure.script(layer_path(image), lambda call: call.answer(
        307, Location=f"http://{server.address}{call.path}"))

    assert "redirect from https to http" in refusal(ikada, secure)
    assert server.calls == []


# Content


def test_a_blob_with_other_bytes_is_refused(ikada, server, image):
    data = bytearray(image.layers[0].data)
    data[len(data) // 2] ^= 1
    server.script(layer_path(image), lambda call: call.answer(200, bytes(data)))

    assert "digest mismatch" in refusal(ikada, server)


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"x"])
def test_a_blob_of_another_size_is_refused(ikada, server, image, change):
    server.script(layer_path(image), lambda call: call.answer(200, change(image.layers[0].data)))

    assert "size mismatch" in refusal(ikada, server)


def test_a_longer_blob_without_announcement_is_refused(ikada, server, image):
    server.script(layer_path(image), lambda call: call.answer(
        200, image.layers[0].data + b"x" * 100000, Content_Length=None, Connection="close",
        cut_at=len(image.layers[0].data) + 100000))

    assert "size mismatch" in refusal(ikada, server)


def test_a_config_with_other_bytes_is_refused(ikada, server, image):
    server.script(f"/v2/web/blobs/{image.id}",
                  lambda call: call.answer(200, image.config.replace(b"amd64", b"arm64")))

    assert "digest mismatch" in refusal(ikada, server)


def test_a_manifest_that_is_not_what_was_asked_for_is_refused(ikada, server, image):
    server.script("/v2/web/manifests/", lambda call: call.answer(
        200, image.manifest, Content_Type=image.media_type,
        Docker_Content_Digest="sha256:" + "0" * 64))

    assert "digest mismatch" in refusal(ikada, server)


@pytest.mark.parametrize("body, content_type, said", [
    (b"<html>Sign in to the hotel's network</html>", "text/html", "not valid JSON"),
    (b'{"schemaVersion": 1, "fsLayers": []}',
     "application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1"),
    (b'{"schemaVersion": 2, "layers": [], "manifests": []}', images.OCI["manifest"],
     "both layers and manifests"),
    (b'{"schemaVersion": 2, "mediaType": "' + images.OCI["index"].encode() + b'", "manifests": []}',
     images.OCI["manifest"], "calls itself"),
    (b"[" * 10000, images.OCI["manifest"], "JSON"),
    (b" " * (5 << 20), images.OCI["manifest"], "larger than"),
], ids=["html", "schema1", "both", "type", "depth", "size"])
def test_a_manifest_that_is_none_is_refused(ikada, server, body, content_type, said):
    server.script("/v2/web/manifests/",
                  lambda call: call.answer(200, body, Content_Type=content_type))

    assert said in refusal(ikada, server)


def test_a_compressed_transfer_of_a_blob_is_refused(ikada, server, image):
    server.script(layer_path(image), lambda call: call.answer(
        200, gzip.compress(image.layers[0].data), Content_Encoding="gzip"))

    assert "Content-Encoding gzip" in refusal(ikada, server)


# Breaks


def ranges_of(server, image):
    return [call.headers.get("Range") for call in server.calls_to(layer_path(image))]


def test_a_broken_blob_goes_on_where_it_broke(ikada, server, image):
    data = image.layers[0].data
    server.script(layer_path(image), lambda call: call.number < 2 and
                  scripted_registry.serve_range(call, data, cut_at=50000))

    pull(ikada, server)

    first, *later = ranges_of(server, image)
    assert first is None
    assert len(later) == 2
    assert all(0 < int(each[6:-1]) <= 100000 for each in later)


def test_a_server_without_ranges_starts_anew(ikada, server, image):
    data = image.layers[0].data
    server.script(layer_path(image), lambda call: call.answer(
        200, data, cut_at=50000 if call.number == 0 else None))

    pull(ikada, server)

    assert len(ranges_of(server, image)) == 2


def test_a_range_from_elsewhere_is_refused(ikada, server, image):
    data = image.layers[0].data

    def answer(call):
        if call.number == 0:
            return call.answer(200, data, cut_at=50000)
        return call.answer(206, data[7:], Content_Range=f"bytes 7-{len(data) - 1}/{len(data)}")

    server.script(layer_path(image), answer)

    assert "got range 'bytes 7-" in refusal(ikada, server)


def test_a_registry_that_always_breaks_is_given_up(ikada, server, image):
    server.script(layer_path(image), lambda call: call.answer(
        200, image.layers[0].data, cut_at=50000))

    refusal(ikada, server)

    assert len(ranges_of(server, image)) < 10


def test_a_busy_registry_is_asked_again_when_it_says(ikada, server):
    server.script("/v2/web/manifests/", lambda call: call.number == 0 and call.error(
        429, "TOOMANYREQUESTS", "slow down", Retry_After="1"))
    server.script("/v2/web/blobs/", lambda call: call.number == 0 and call.error(
        503, "UNAVAILABLE", "busy", Retry_After="0"))

    pull(ikada, server)


def test_a_rate_limit_that_stays_is_one_line(ikada, server):
    server.script("/v2/web/manifests/", lambda call: call.error(
        429, "TOOMANYREQUESTS", "You have reached your pull rate limit", Retry_After="0"))

    message = refusal(ikada, server)

    assert "toomanyrequests: You have reached your pull rate limit" in message
    assert len(server.calls_to("/v2/web/manifests/")) == 5


def test_a_broken_manifest_request_is_repeated(ikada, server, image):
    server.script("/v2/web/manifests/", lambda call: call.number == 0 and call.answer(
        200, image.manifest, cut_at=10, Content_Type=image.media_type))

    pull(ikada, server)


def test_control_characters_in_a_registrys_words_are_not_printed(ikada, server):
    server.script("/v2/web/manifests/", lambda call: call.error(
        404, "MANIFEST_UNKNOWN", "gone\\u001b[2J\\nikada: all is well"))

    message = refusal(ikada, server)

    assert "\x1b" not in message
    assert "gone [2J ikada: all is well" in message
