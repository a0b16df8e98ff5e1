"""Pulling from and logging in to Debian's docker-registry: plain, with a password, with TLS."""

import json
import os
import pty
import stat
import termios
import time

import pytest

import docker_registry
import images
import scripted_registry
from tls_files import make_authority, make_certificate

USER, PASSWORD = "ada", "engine: no. 1"


def small_image(text="hello\n"):
    return images.Image([images.layer_of_entries([images.entry("hello", text)])],
                        config={"Cmd": ["/bin/sh"]})


def refused(ikada, *arguments, **options):
    """What a failing command said: one line."""
    result = ikada(*arguments, check=False, **options)
    assert result.returncode == 1, result
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@pytest.fixture(scope="module")
def locked_registry(no_leaks, tmp_path_factory):
    server = docker_registry.DockerRegistry(tmp_path_factory.mktemp("locked"), USER, PASSWORD)
    server.start()
    server.push("web", "1", small_image())
    yield server
    server.stop()


@pytest.fixture
def login(ikada, locked_registry):
    def run(password, **options):
        return ikada("login", "-u", USER, "--password-stdin", locked_registry.address,
                     input=password, **options)
    return run


def docker_config(ikada):
    return ikada.home / ".docker" / "config.json"


def test_an_image_is_pulled_by_tag_and_by_digest(ikada, registry):
    image = small_image()
    registry.push("reg/plain", "1", image)

    by_tag = ikada("pull", f"{registry.address}/reg/plain:1").stdout
    by_digest = ikada("pull", f"{registry.address}/reg/plain@{image.digest}").stdout

    assert image.digest in by_tag
    assert image.digest in by_digest


def test_the_platform_is_chosen_from_an_index(ikada, registry):
    layer = images.layer_of_entries([images.entry("hello", "hello\n")])
    both = [images.Image([layer], architecture=each, kind="docker") for each in ("arm64", "amd64")]
    registry.push_index("reg/index", "1", both)
    name = f"{registry.address}/reg/index:1"

    ikada("pull", "--platform", "linux/arm64", name)

    message = refused(ikada, "pull", "--platform", "linux/s390x", name)
    assert "no image for linux/s390x; there is linux/arm64, linux/amd64" in message


def test_an_unknown_image_is_told_from_a_registry_that_is_down(ikada, registry):
    registry.push("reg/known", "1", small_image())

    no_tag = refused(ikada, "pull", f"{registry.address}/reg/known:2")
    no_repository = refused(ikada, "pull", f"{registry.address}/reg/unknown:1")
    port = docker_registry.free_port()
    down = refused(ikada, "pull", f"127.0.0.1:{port}/web")

    assert f"manifest for {registry.address}/reg/known:2 not found" in no_tag
    assert "manifest unknown" in no_tag
    assert "not found" in no_repository
    assert f"registry 127.0.0.1:{port}: dial 127.0.0.1:{port}: connection refused" in down


def test_a_host_without_name_is_one_line(ikada):
    assert "lookup registry.invalid: no such host" in refused(
        ikada, "pull", "registry.invalid/web")


def test_a_login_opens_a_locked_registry_and_a_logout_closes_it(ikada, login, locked_registry):
    name = f"{locked_registry.address}/web:1"
    before = refused(ikada, "pull", name)
    assert "pull access denied" in before
    assert "may require 'ikada login'" in before

    assert login(PASSWORD).stdout == "Login Succeeded\n"
    ikada("pull", name)
    ikada("logout", locked_registry.address)

    assert not json.loads(docker_config(ikada).read_text())["auths"]
    assert "pull access denied" in refused(ikada, "pull", "--quiet", name)
    assert "Not logged in" in ikada("logout", locked_registry.address).stdout


def test_a_wrong_password_is_refused_and_not_kept(ikada, login):
    result = login("wrong", check=False)

    assert result.returncode == 1
    assert "incorrect username or password" in result.stderr
    assert not docker_config(ikada).exists()


def test_the_credentials_file_is_private_and_keeps_what_others_wrote(ikada, login,
                                                                     locked_registry):
    docker_config(ikada).parent.mkdir()
    docker_config(ikada).write_text(json.dumps({
        "auths": {"example.com": {"auth": "eDp5"}}, "HttpHeaders": {"X": "1"}}))

    login(PASSWORD + "\n")

    kept = json.loads(docker_config(ikada).read_text())
    assert kept["HttpHeaders"] == {"X": "1"}
    assert kept["auths"]["example.com"] == {"auth": "eDp5"}
    assert locked_registry.address in kept["auths"]
    assert stat.S_IMODE(docker_config(ikada).stat().st_mode) == 0o600


def test_a_password_on_the_command_line_is_warned_about(ikada, locked_registry):
    result = ikada("login", "-u", USER, "-p", PASSWORD, locked_registry.address)

    assert result.stdout == "Login Succeeded\n"
    assert "Using --password via the CLI is insecure" in result.stderr


def test_login_needs_a_terminal_to_ask(ikada, locked_registry):
    assert "non TTY device" in refused(ikada, "login", locked_registry.address)
    assert "needs --username" in refused(
        ikada, "login", "--password-stdin", locked_registry.address, input="x")


def test_a_password_typed_at_a_terminal_is_not_shown(ikada, locked_registry):
    pid, terminal = pty.fork()
    if pid == 0:
        command = ikada.command("login", locked_registry.address)
        os.execve(command[0], command, ikada.environment)
    shown = b""

    def wait_for(text):
        nonlocal shown
        deadline = time.monotonic() + 60
        while text not in shown and time.monotonic() < deadline:
            shown += os.read(terminal, 1000)
        assert text in shown, shown

    wait_for(b"Username: ")
    os.write(terminal, USER.encode() + b"\n")
    wait_for(b"Password: ")
    deadline = time.monotonic() + 60
    while termios.tcgetattr(terminal)[3] & termios.ECHO and time.monotonic() < deadline:
        time.sleep(0.01)
    os.write(terminal, PASSWORD.encode() + b"\n")
    wait_for(b"Login Succeeded")
    status = os.waitpid(pid, 0)[1]
    os.close(terminal)

    assert os.waitstatus_to_exitcode(status) == 0
    assert PASSWORD.encode() not in shown


def test_a_credential_helper_keeps_the_password(ikada, login, locked_registry, tmp_path):
    vault = tmp_path / "vault.json"
    program = tmp_path / "docker-credential-vault"
    program.write_text(f"""#!/bin/sh
case $1 in
store) cat > {vault} ;;
get) cat {vault} 2>/dev/null || {{ echo "credentials not found in native keychain"; exit 1; }} ;;
erase) rm -f {vault} ;;
esac
""")
    program.chmod(0o755)
    ikada.environment["PATH"] = f"{tmp_path}:{ikada.environment['PATH']}"
    docker_config(ikada).parent.mkdir()
    docker_config(ikada).write_text('{"credsStore": "vault"}')

    login(PASSWORD)
    ikada("pull", f"{locked_registry.address}/web:1")

    assert json.loads(vault.read_text())["Secret"] == PASSWORD
    assert PASSWORD not in docker_config(ikada).read_text()
    ikada("logout", locked_registry.address)
    assert not vault.exists()


@pytest.fixture
def tls_registry(tmp_path):
    """A registry with a certificate for 127.0.0.1 by an authority of our own."""
    authority = make_authority(tmp_path / "ca")
    certificate, key = make_certificate(tmp_path / "server", authority, "IP:127.0.0.1")
    server = scripted_registry.ScriptedRegistry(certificate, key).start()
    server.add("web", "1", small_image())
    server.authority = authority
    yield server
    server.stop()


def test_a_certificate_must_be_vouched_for(ikada, tls_registry):
    name = f"{tls_registry.address}/web:1"

    message = refused(ikada, "pull", name)
    ikada.environment["SSL_CERT_FILE"] = str(tls_registry.authority.certificate)
    ikada("pull", name)

    assert f"tls: {tls_registry.address}: SSL certificate problem" in message


def test_a_certificate_for_another_name_is_refused(ikada, tls_registry):
    ikada.environment["SSL_CERT_FILE"] = str(tls_registry.authority.certificate)

    message = refused(ikada, "pull", f"localhost:{tls_registry.port}/web:1")

    assert "tls: " in message
    assert "localhost" in message


def test_an_insecure_registry_is_the_administrators_decision(ikada, tls_registry, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(f"registries:\n  {tls_registry.address}:\n    insecure: true\n")
    ikada.environment["IKADA_CONFIG"] = str(config)

    ikada("pull", f"{tls_registry.address}/web:1")
