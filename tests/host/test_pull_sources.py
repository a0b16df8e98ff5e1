"""Where images come from: mirrors, proxies, lists of tags, several at once. And what is none."""

import json
import threading

import pytest

import connect_proxy
import images
import scripted_registry
from images import entry, layer_of_entries
from tls_files import make_authority, make_certificate


def small_image(text):
    return images.Image([layer_of_entries([entry("text", text)])])


def artifact(config_type="application/vnd.cncf.helm.config.v1+json", artifact_type=None):
    """An OCI artifact that looks like an image but for its types."""
    made = small_image("chart")
    manifest = json.loads(made.manifest)
    manifest["config"]["mediaType"] = config_type
    if artifact_type:
        manifest["artifactType"] = artifact_type
    made.manifest = json.dumps(manifest).encode()
    return made


@pytest.fixture
def servers(no_leaks):
    started = []

    def start(**options):
        started.append(scripted_registry.ScriptedRegistry(**options).start())
        return started[-1]
    yield start
    for each in started:
        each.stop()


@pytest.fixture
def proxies(no_leaks):
    started = []

    def start(**options):
        started.append(connect_proxy.ConnectProxy(**options).start())
        return started[-1]
    yield start
    for each in started:
        each.stop()


def configure(ikada, tmp_path, registries):
    config = tmp_path / "etc" / "config.yaml"
    config.parent.mkdir()
    (config.parent / "registries.yaml").write_text(json.dumps(registries))  # JSON is YAML.
    ikada.environment["IKADA_CONFIG"] = str(config)


def failure(ikada, *arguments):
    result = ikada(*arguments, check=False)
    assert result.returncode == 1, result
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def listed(ikada):
    return sorted(ikada("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split())


def test_a_mirror_is_asked_before_the_registry(ikada, servers, tmp_path):
    registry, mirror = servers(), servers()
    image = small_image("mirrored")
    mirror.add("hub/team/web", "1", image)
    configure(ikada, tmp_path, {registry.address: {"mirrors": [f"{mirror.address}/hub"]}})
    name = f"{registry.address}/team/web:1"

    assert ikada("pull", "-q", name).stdout == f"{name}\n"

    assert listed(ikada) == [name]
    assert registry.calls == []


@pytest.mark.parametrize("fault", ["down", "missing", "busy", "wrong bytes", "denied"])
def test_a_mirror_that_is_of_no_use_is_passed_over(ikada, servers, tmp_path, fault):
    registry, mirror = servers(), servers()
    image = small_image(f"not from the mirror: {fault}")
    registry.add("web", "1", image)
    if fault != "missing":
        mirror.add("web", "1", image)
    if fault == "busy":
        mirror.script("/v2/web", lambda call: call.error(503, "BUSY", "busy", Retry_After="0"))
    if fault == "denied":
        mirror.script("/v2/web", lambda call: call.error(403, "DENIED", "not you"))
    if fault == "wrong bytes":
        layer = images.digest_of(image.layers[0].data)
        mirror.script(f"/v2/web/blobs/{layer}", lambda call: call.answer(
            200, bytes(len(image.layers[0].data)), Content_Type="application/octet-stream"))
    configure(ikada, tmp_path, {registry.address: {"mirrors": [mirror.address]}})
    if fault == "down":
        mirror.stop()
        mirror.stop = lambda: None

    ikada("pull", "-q", f"{registry.address}/web:1")

    assert listed(ikada) == [f"{registry.address}/web:1"]
    assert registry.calls_to("/v2/web/manifests/1")


def test_what_neither_mirror_nor_registry_has_is_the_registrys_error(ikada, servers, tmp_path):
    registry, mirror = servers(), servers()
    configure(ikada, tmp_path, {registry.address: {"mirrors": [mirror.address]}})

    message = failure(ikada, "pull", f"{registry.address}/web:1")

    assert f"{registry.address}/web:1 not found" in message


def test_several_images_are_pulled_at_once(ikada, servers):
    server = servers()
    for number in range(3):
        server.add(f"many{number}", "1", small_image(str(number)))
    three = threading.Barrier(3, timeout=60)  # Nobody is answered before all three have asked.
    server.script("/v2/many", lambda call: "blobs" in call.path and three.wait() < 0)
    names = [f"{server.address}/many{number}:1" for number in range(3)]

    output = ikada("pull", "-q", *names).stdout.split()

    assert sorted(output) == names
    assert listed(ikada) == names
    assert sum("blobs" in call.path for call in server.calls) == 6


def test_one_image_that_fails_does_not_stop_the_others(ikada, servers):
    server = servers()
    server.add("good", "1", small_image("good"))

    result = ikada("pull", "-q", f"{server.address}/bad:1", f"{server.address}/good:1",
                   check=False)

    assert result.returncode == 1
    assert f"{server.address}/bad:1 not found" in result.stderr
    assert listed(ikada) == [f"{server.address}/good:1"]


def test_all_tags_are_pulled_but_signatures_and_charts(ikada, servers):
    server = servers()
    tags = {"1": small_image("1"), "2": small_image("2"), "chart": artifact()}
    signature = "sha256-" + "ab" * 32 + ".sig"
    for tag, image in tags.items():
        server.add("web", tag, image)
    listing = json.dumps({"name": "web", "tags": [*tags, signature]}).encode()
    server.script("/v2/web/tags/list", lambda call: call.answer(200, listing))

    result = ikada("pull", "-a", f"{server.address}/web")

    assert listed(ikada) == [f"{server.address}/web:1", f"{server.address}/web:2"]
    assert "not an image" in result.stderr
    assert result.stderr.strip().endswith(", ignoring")
    assert not server.calls_to(f"/v2/web/manifests/{signature}")


def test_all_tags_of_a_name_with_a_tag_is_refused(ikada, servers):
    message = failure(ikada, "pull", "-a", f"{servers().address}/web:1")

    assert "tag can't be used with --all-tags/-a" in message


@pytest.mark.parametrize("made, kind", [
    (artifact(), "application/vnd.cncf.helm.config.v1+json"),
    (artifact("application/vnd.oci.empty.v1+json", "application/vnd.example.sbom"),
     "application/vnd.example.sbom"),
    (artifact("application/vnd.oci.image.config.v1+json", "application/vnd.example.signature"),
     "application/vnd.example.signature"),
])
def test_an_artifact_is_refused_in_one_line(ikada, servers, made, kind):
    server = servers()
    server.add("chart", "1", made)

    message = failure(ikada, "pull", f"{server.address}/chart:1")

    assert message == (f"ikada pull: {server.address}/chart:1: not an image, "
                       f"but an artifact of type '{kind}'")
    assert listed(ikada) == []
    assert not server.calls_to("/v2/chart/blobs/")


def test_a_rate_limit_is_explained(ikada, servers):
    server = servers()
    server.script("/v2/web/manifests/", lambda call: call.error(
        429, "TOOMANYREQUESTS", "You have reached your pull rate limit", Retry_After="0"))

    message = failure(ikada, "pull", f"{server.address}/web:1")

    assert message.endswith(
        "toomanyrequests: You have reached your pull rate limit (try again later, or log in with "
        f"'ikada login {server.address}' for a higher limit)")


@pytest.fixture
def tls_server(servers, tmp_path):
    authority = make_authority(tmp_path / "authority")
    certificate, key = make_certificate(tmp_path / "server", authority, "IP:127.0.0.1")
    server = servers(certificate=certificate, key=key)
    server.authority = authority
    server.add("web", "1", small_image("through a proxy"))
    return server


def test_https_goes_through_the_proxy_of_the_environment(ikada, tls_server, proxies):
    proxy = proxies()
    ikada.environment["SSL_CERT_FILE"] = str(tls_server.authority.certificate)
    ikada.environment["https_proxy"] = proxy.url

    ikada("pull", "-q", f"{tls_server.address}/web:1")

    assert set(proxy.tunnels) == {tls_server.address}


def test_no_proxy_leads_past_it(ikada, tls_server, proxies):
    proxy = proxies()
    ikada.environment["SSL_CERT_FILE"] = str(tls_server.authority.certificate)
    ikada.environment |= {"https_proxy": proxy.url, "no_proxy": "127.0.0.1"}

    ikada("pull", "-q", f"{tls_server.address}/web:1")

    assert proxy.tunnels == []


def test_a_proxy_that_refuses_is_one_line(ikada, proxies):
    proxy = proxies(status=403)
    ikada.environment["https_proxy"] = proxy.url

    message = failure(ikada, "pull", "-q", "registry.example.com/web:1")

    assert message.endswith("the proxy answered 403")
    assert proxy.tunnels == ["registry.example.com:443"]
