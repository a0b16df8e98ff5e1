"""Logins that ikada and other tools keep for each other, in files and in helper programs."""

import json
import shutil

import pytest

import docker_registry
import images
import programs
import upload_registry

USER, PASSWORD = "ada", "pass: wörd"

HELPER = """#!/usr/bin/python3
# Keeps one file per server, and what it was asked in `log`.
import json, pathlib, sys
vault = pathlib.Path({vault!r})
verb, text = sys.argv[1], sys.stdin.read()
with open(vault / "log", "a") as log:
    log.write(verb + "\\n")
server = json.loads(text)["ServerURL"] if verb == "store" else text.strip()
place = vault / server.replace("/", "_")
if verb == "store":
    place.write_text(text)
elif not place.exists():
    print("credentials not found in native keychain")
    sys.exit(1)
elif verb == "get":
    print(place.read_text())
else:
    place.unlink()
"""


@pytest.fixture(scope="module")
def locked(no_leaks, tmp_path_factory):
    server = docker_registry.DockerRegistry(tmp_path_factory.mktemp("locked"), USER, PASSWORD)
    server.start()
    layer = images.layer_of_entries([images.entry("hello", "hello\n")])
    server.push("web", "1", images.Image([layer]))
    yield server
    server.stop()


@pytest.fixture
def helper(ikada, tmp_path):
    """A helper program "vault" in $PATH; the directory of its secrets."""
    vault = tmp_path / "vault"
    vault.mkdir()
    program = tmp_path / "docker-credential-vault"
    program.write_text(HELPER.format(vault=str(vault)))
    program.chmod(0o755)
    ikada.environment["PATH"] = f"{tmp_path}:{ikada.environment['PATH']}"
    return vault


def config_path(ikada):
    path = ikada.home / ".docker" / "config.json"
    path.parent.mkdir(exist_ok=True)
    return path


def login(ikada, server, **options):
    return ikada("login", "-u", USER, "--password-stdin", server.address, input=PASSWORD,
                 **options)


def test_a_helper_for_one_registry_gets_only_its_secret(ikada, helper, locked, tmp_path):
    other = docker_registry.DockerRegistry(tmp_path / "other", USER, PASSWORD).start()
    try:
        config_path(ikada).write_text(json.dumps({"credHelpers": {locked.address: "vault"}}))

        login(ikada, locked)
        login(ikada, other)
        ikada("pull", "-q", f"{locked.address}/web:1")

        assert json.loads((helper / locked.address).read_text())["Secret"] == PASSWORD
        kept = json.loads(config_path(ikada).read_text())
        assert kept["auths"][locked.address] == {}
        assert "auth" in kept["auths"][other.address]
        assert kept["credHelpers"] == {locked.address: "vault"}
        ikada("logout", locked.address)
        assert not (helper / locked.address).exists()
        ikada("logout", other.address)
        assert "erase" in (helper / "log").read_text()
    finally:
        other.stop()


def test_a_helper_of_one_registry_goes_before_the_store(ikada, helper, locked):
    config_path(ikada).write_text(json.dumps(
        {"credsStore": "missing", "credHelpers": {locked.address: "vault"}}))

    login(ikada, locked)
    ikada("pull", "-q", f"{locked.address}/web:1")

    assert (helper / locked.address).exists()


def test_a_helper_that_is_not_there_is_one_line(ikada, locked):
    config_path(ikada).write_text('{"credsStore": "missing"}')

    result = ikada("pull", f"{locked.address}/web:1", check=False)

    assert result.returncode == 1
    assert "docker-credential-missing is not in $PATH" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_other_tools_read_our_login(ikada, locked):
    login(ikada, locked)

    text = programs.run("skopeo", "inspect", "--tls-verify=false", "--authfile",
                        config_path(ikada), f"docker://{locked.address}/web:1").stdout

    assert json.loads(text)["Name"] == f"{locked.address}/web"


def test_we_read_the_login_of_other_tools(ikada, locked):
    programs.run("skopeo", "login", "--tls-verify=false", "--authfile", config_path(ikada), "-u",
                 USER, "--password-stdin", locked.address, input=PASSWORD)

    ikada("pull", "-q", f"{locked.address}/web:1")

    assert "Removing" in ikada("logout", locked.address).stdout
    assert not json.loads(config_path(ikada).read_text())["auths"]


@pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker command")
def test_docker_and_we_share_a_login(ikada, locked):
    docker = ["docker", "--host", "unix:///nowhere", "--config", str(config_path(ikada).parent)]
    done = programs.run(*docker, "login", "-u", USER, "--password-stdin", locked.address,
                        input=PASSWORD, check=False)
    if done.returncode != 0:
        pytest.skip(f"this docker logs in by its daemon only: {done.stderr.strip()}")

    ikada("pull", "-q", f"{locked.address}/web:1")
    ikada("logout", locked.address)
    login(ikada, locked)

    assert "Removing login credentials" in programs.run(*docker, "logout", locked.address).stdout
    assert "Not logged in" in ikada("logout", locked.address).stdout


@pytest.mark.parametrize("allowed", [False, True])
def test_a_token_server_elsewhere_is_told_the_password_only_if_configured(ikada, tmp_path,
                                                                          allowed):
    server = upload_registry.UploadRegistry().start()
    tokens = upload_registry.UploadRegistry().start()
    try:
        # The same machine under two names: to a client these are two hosts.
        realm = f"http://localhost:{tokens.port}/token"
        server.script("/v2/", lambda call: call.authorization != "Bearer t" and call.error(
            401, "UNAUTHORIZED", "authentication required",
            WWW_Authenticate=f'Bearer realm="{realm}",service="s"'))
        tokens.script("/token", lambda call: call.answer(200, b'{"token":"t"}'))
        config = tmp_path / "config.yaml"
        config.write_text(f"registries:\n  {server.address}:\n    auth_hosts: [localhost]\n"
                          if allowed else "")
        ikada.environment["IKADA_CONFIG"] = str(config)

        result = login(ikada, server, check=False)

        assert (result.returncode == 0) == allowed
        assert len(tokens.calls) == allowed
        assert config_path(ikada).exists() == allowed
        if not allowed:
            assert "wants the password to be sent to localhost" in result.stderr
    finally:
        server.stop()
        tokens.stop()
