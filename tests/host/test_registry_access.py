"""Who may do what at `ikada registry serve`: passwords, tokens, rights, TLS, quotas, fixed tags."""

import base64
import json
import os
import re
import signal
import subprocess
import time
import urllib.parse

import pytest

import programs
from images import digest_of
from own_registry import OwnRegistry, password_file
from tls_files import make_authority, make_certificate

USERS = {"ada": "engine: no. 1", "bob": "builder", "ci": "robot"}
RULES = [
    {"users": "*", "repositories": ["public/**"], "actions": "pull"},
    {"users": "anonymous", "repositories": "free", "actions": "pull"},
    {"users": "ada", "repositories": "**", "actions": ["pull", "push", "delete"]},
    {"users": "ci", "repositories": "team/*", "actions": ["pull", "push"]},
]


@pytest.fixture(scope="module")
def locked(no_leaks, tmp_path_factory):
    directory = tmp_path_factory.mktemp("locked")
    server = OwnRegistry(directory, {
        "auth": {"htpasswd": str(password_file(directory / "htpasswd", USERS)), "service": "here"},
        "access": RULES,
    }, "ada", USERS["ada"]).start()
    for name in ("free", "public/web", "team/web", "secret"):
        server.push_image(name, "v1")
    yield server
    assert server.stop() == 0


def anonymous(server, method, path, **options):
    headers = {"Authorization": "", **options.pop("headers", {})}
    if not headers["Authorization"]:
        del headers["Authorization"]
    user, server.user = server.user, None
    try:
        return server.request(method, path, headers=headers, **options)
    finally:
        server.user = user


def as_user(server, user, method, path, **options):
    return server.request(method, path, headers=server.basic(user, USERS[user]), **options)


def challenge(reply):
    scheme, _, rest = reply.headers["WWW-Authenticate"].partition(" ")
    return scheme, dict(re.findall(r'(\w+)="([^"]*)"', rest))


def token_for(server, scope, user=None):
    path = f"/token?service=here&scope={urllib.parse.quote(scope)}"
    reply = (as_user(server, user, "GET", path) if user else anonymous(server, "GET", path))
    assert reply.status == 200, reply.body
    answer = reply.json()
    assert answer["token"] == answer["access_token"] and answer["expires_in"] == 300
    return answer["token"]


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def with_token(server, token, method, path, **options):
    return anonymous(server, method, path, headers={"Authorization": f"Bearer {token}"}, **options)


def test_who_has_no_name_is_sent_for_a_token(locked):
    root = anonymous(locked, "GET", "/v2/")
    push = anonymous(locked, "POST", "/v2/team/web/blobs/uploads/")

    assert (root.status, root.code()) == (401, "UNAUTHORIZED")
    scheme, fields = challenge(root)
    assert (scheme, fields["service"]) == ("Bearer", "here")
    assert fields["realm"] == f"http://127.0.0.1:{locked.port}/token"
    assert "scope" not in fields
    assert (push.status, challenge(push)[1]["scope"]) == (401, "repository:team/web:pull,push")
    assert locked.request("GET", "/v2/").status == 200


@pytest.mark.parametrize("user, repository, pull, push, delete", [
    (None, "free", 200, 401, 401),
    (None, "public/web", 401, 401, 401),
    ("bob", "public/web", 200, 403, 403),
    ("bob", "secret", 403, 403, 403),
    ("bob", "free", 403, 403, 403),
    ("ci", "team/web", 200, 202, 403),
    ("ci", "secret", 403, 403, 403),
    ("ada", "secret", 200, 202, 404),
])
def test_rules(locked, user, repository, pull, push, delete):
    def ask(method, path):
        if user is None:
            return anonymous(locked, method, path)
        return as_user(locked, user, method, path)

    assert ask("GET", f"/v2/{repository}/manifests/v1").status == pull
    assert ask("GET", f"/v2/{repository}/tags/list").status == pull
    begun = ask("POST", f"/v2/{repository}/blobs/uploads/")
    assert begun.status == push
    assert ask("DELETE", f"/v2/{repository}/manifests/unknown").status == delete
    if begun.status == 202:
        assert ask("DELETE", begun.headers["Location"]).status == 204


def test_wrong_passwords(locked):
    for user, password in (("ada", "wrong"), ("nobody", "x"), ("ada", ""), ("bob", USERS["ada"])):
        reply = locked.request("GET", "/v2/", headers=locked.basic(user, password or "\0"))
        assert (reply.status, reply.code()) == (401, "UNAUTHORIZED")
    for header in ("Basic", "Basic !!!", "Digest x", "Bearer", "Bearer a.b.c", "x" * 9000):
        reply = anonymous(locked, "GET", "/v2/", headers={"Authorization": header})
        assert reply.status == 401, header
    assert not any(password in locked.log for password in USERS.values())


def test_a_token_gives_what_was_asked_for_and_is_allowed(locked):
    token = token_for(locked, "repository:team/web:pull,push,delete repository:secret:pull", "ci")

    claims = claims_of(token)

    assert claims["sub"] == "ci" and claims["aud"] == "here"
    assert claims["exp"] - claims["iat"] == 300
    assert claims["access"] == [
        {"type": "repository", "name": "team/web", "actions": ["pull", "push"]}]
    assert with_token(locked, token, "GET", "/v2/").status == 200
    assert with_token(locked, token, "GET", "/v2/team/web/manifests/v1").status == 200
    begun = with_token(locked, token, "POST", "/v2/team/web/blobs/uploads/")
    assert begun.status == 202
    assert with_token(locked, token, "DELETE", begun.headers["Location"]).status == 204
    # public/web is allowed, but not by this token: another one would help.
    other = with_token(locked, token, "GET", "/v2/public/web/manifests/v1")
    assert (other.status, challenge(other)[1]["scope"]) == (401, "repository:public/web:pull")
    assert with_token(locked, token, "GET", "/v2/secret/manifests/v1").status == 403


def test_a_token_without_a_name(locked):
    token = token_for(locked, "repository:free:pull repository:public/web:pull")

    assert [each["name"] for each in claims_of(token)["access"]] == ["free"]
    assert with_token(locked, token, "GET", "/v2/free/manifests/v1").status == 200
    assert with_token(locked, token, "GET", "/v2/public/web/manifests/v1").status == 401


def test_a_token_in_exchange_for_a_form(locked):
    form = urllib.parse.urlencode({
        "grant_type": "password", "username": "ci", "password": USERS["ci"], "service": "here",
        "scope": "repository:team/web:pull"})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    good = anonymous(locked, "POST", "/token", body=form, headers=headers)
    bad = anonymous(locked, "POST", "/token", body=form.replace("robot", "x"), headers=headers)
    other = anonymous(locked, "POST", "/token", body="grant_type=refresh_token", headers=headers)

    assert claims_of(good.json()["access_token"])["access"][0]["name"] == "team/web"
    assert bad.status == 401 and challenge(bad)[0] == "Basic"
    assert other.status == 405


def test_the_catalog_shows_what_may_be_pulled(locked):
    every = locked.request("GET", "/v2/_catalog").json()["repositories"]
    bobs = as_user(locked, "bob", "GET", "/v2/_catalog").json()["repositories"]

    assert every == ["free", "public/web", "secret", "team/web"]
    assert bobs == ["public/web"]
    assert anonymous(locked, "GET", "/v2/_catalog").status == 401


def test_a_mount_needs_the_right_to_pull_the_source(locked):
    digest = digest_of(b"hello")
    path = f"/v2/team/mine/blobs/uploads/?mount={digest}&from="

    refused = as_user(locked, "ci", "POST", path + "secret")
    mounted = as_user(locked, "ci", "POST", path + "team/web")

    assert refused.status == 202
    assert as_user(locked, "ci", "DELETE", refused.headers["Location"]).status == 204
    assert mounted.status == 201


def test_bcrypt_is_paid_once_and_not_at_each_request(no_leaks, tmp_path):
    users = password_file(tmp_path / "htpasswd", {"slow": "word"}, cost=12)
    server = OwnRegistry(tmp_path, {"auth": {"htpasswd": str(users)}}, "slow", "word").start()
    try:
        connection = server.connect()
        begin = time.monotonic()
        assert server.request("GET", "/v2/", connection=connection).status == 200
        first = time.monotonic() - begin
        begin = time.monotonic()
        for _ in range(20):
            assert server.request("GET", "/v2/", connection=connection).status == 200
        twenty = time.monotonic() - begin
        connection.close()
    finally:
        server.stop()
    # Twenty checks would take twenty times the first.
    assert twenty < 10 * first, (first, twenty)


def test_rights_that_are_taken_away_end_with_a_reload(no_leaks, tmp_path):
    users = password_file(tmp_path / "htpasswd", USERS)
    server = OwnRegistry(tmp_path, {"auth": {"htpasswd": str(users), "service": "here"}},
                         "ada", USERS["ada"]).start()
    try:
        server.push_image("web", "v1")
        token = token_for(server, "repository:web:pull", "bob")
        path = "/v2/web/manifests/v1"
        assert with_token(server, token, "GET", path).status == 200
        assert as_user(server, "bob", "GET", path).status == 200

        programs.run("htpasswd", "-D", users, "bob")
        reload(server)

        assert with_token(server, token, "GET", path).status == 401
        assert as_user(server, "bob", "GET", path).status == 401
        # What is wrong changes nothing and is said.
        server.config["colour"] = "blue"
        server.write_config()
        server.signal(signal.SIGHUP)
        wait_for_log(server, "reload: ")
        assert "unknown key colour, ignoring" in server.log
        assert server.request("GET", path).status == 200
    finally:
        server.stop()


def reload(server):
    before = server.log.count("registry reloaded")
    server.write_config()
    server.signal(signal.SIGHUP)
    wait_for_log(server, "registry reloaded", before + 1)


def wait_for_log(server, text, count=1):
    deadline = time.monotonic() + 60
    while server.log.count(text) < count:
        assert time.monotonic() < deadline, server.log
        time.sleep(0.01)


def test_tls_and_a_new_certificate(no_leaks, tmp_path):
    authority = make_authority(tmp_path / "ca")
    certificate, key = make_certificate(tmp_path / "one", authority, "IP:127.0.0.1")
    second, second_key = make_certificate(tmp_path / "two", authority, "IP:127.0.0.1")
    server = OwnRegistry(tmp_path, {"tls": {"certificate": str(certificate), "key": str(key)}},
                         ca=authority.certificate).start()
    try:
        data = os.urandom(3 << 20)
        digest = server.push_blob("tls/web", data)
        path = f"/v2/tls/web/blobs/{digest}"
        assert server.expect(200, "GET", path).body == data
        part = server.expect(206, "GET", path, headers={"Range": "bytes=1000000-2000000"})
        assert part.body == data[1000000:2000001]
        # Plain http gets nothing that could be taken for an answer.
        assert b"HTTP" not in server.raw(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")

        before = served_certificate(server)
        server.config["tls"] = {"certificate": str(second), "key": str(second_key)}
        reload(server)

        assert served_certificate(server) != before
        assert server.expect(200, "GET", path).body == data
        old = subprocess.run(
            ["openssl", "s_client", "-connect", server.address, "-tls1_1"], input=b"",
            capture_output=True, timeout=60, check=False)
        assert old.returncode != 0
    finally:
        server.stop()


def served_certificate(server):
    connection = server.connect()
    connection.connect()
    certificate = connection.sock.getpeercert(binary_form=True)
    connection.close()
    return certificate


def test_plain_http_is_for_loopback(tmp_path):
    result = programs.run(programs.IKADA, "registry", "serve", "--root", tmp_path / "r",
                          "--address", "0.0.0.0:0", check=False)

    assert result.returncode == 1
    assert "plain http is for loopback" in result.stderr


def test_one_process_serves_a_root(no_leaks, tmp_path):
    server = OwnRegistry(tmp_path).start()
    try:
        result = programs.run(programs.IKADA, "registry", "serve", "--root", server.root,
                              "--address", "127.0.0.1:0", check=False)
        taken = programs.run(programs.IKADA, "registry", "serve", "--root", tmp_path / "other",
                             "--address", server.address, check=False)
    finally:
        server.stop()

    assert (result.returncode, taken.returncode) == (1, 1)
    assert "another registry serves" in result.stderr
    assert "Address already in use" in taken.stderr


def test_a_quota_counts_each_blob_once(no_leaks, tmp_path):
    server = OwnRegistry(tmp_path, {"quota": [{"repositories": "team/**", "size": "1m"}]}).start()
    try:
        half = os.urandom(400_000)
        server.push_blob("team/a", half)
        digest = server.push_blob("team/b", half)
        assert server.request(
            "POST", f"/v2/team/c/blobs/uploads/?mount={digest}&from=team/a").status == 201

        too_much = os.urandom(700_000)
        place = server.start_upload("team/a")
        at_once = server.request("PUT", f"{place}?digest={digest_of(too_much)}", too_much)
        place = server.start_upload("team/a")
        streamed = server.request("PATCH", place, iter([too_much[:300_000], too_much[300_000:]]))
        server.push_blob("elsewhere", too_much)

        for reply in (at_once, streamed):
            assert (reply.status, reply.code()) == (403, "DENIED"), reply.body
        assert not list((server.root / "uploads").iterdir())
        # Room is made by deletion and collection.
        for name in ("a", "b", "c"):
            server.expect(202, "DELETE", f"/v2/team/{name}/blobs/{digest}")
        server.push_blob("team/a", too_much)
    finally:
        server.stop()


def test_an_immutable_tag_is_neither_moved_nor_deleted(no_leaks, tmp_path):
    server = OwnRegistry(tmp_path, {"immutable_tags": [{"tags": "v*"}]}).start()
    try:
        first = server.push_image("web", "v1", text="one")
        assert server.push_image("web", "v1", text="one") == first
        server.push_image("web", "latest", text="one")
        server.push_image("web", "latest", text="two")

        data = server.request("GET", "/v2/web/manifests/latest").body
        moved = server.request("PUT", "/v2/web/manifests/v1", data)
        by_tag = server.request("DELETE", "/v2/web/manifests/v1")
        by_digest = server.request("DELETE", f"/v2/web/manifests/{first}")

        for reply in (moved, by_tag, by_digest):
            assert (reply.status, reply.code()) == (403, "DENIED")
        assert server.request("HEAD", "/v2/web/manifests/v1").headers[
            "Docker-Content-Digest"] == first
        server.expect(202, "DELETE", "/v2/web/manifests/latest")
    finally:
        server.stop()
