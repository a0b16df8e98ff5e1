"""Real clients at `ikada registry serve`: skopeo, podman, buildah, ikada and curl."""

import hashlib
import json
import os
import shutil

import pytest

import images
import programs
from own_registry import OwnRegistry, password_file
from tls_files import make_authority, make_certificate

USER, PASSWORD = "ada", "engine: no. 1"


def image(kind="oci", compression="gzip", text="hello\n"):
    layers = [images.layer_of_entries([images.entry("hello", text)], compression),
              images.layer_of_entries([images.entry("big", os.urandom(3 << 20))], compression)]
    return images.Image(layers, config={"Cmd": ["/bin/sh"]}, kind=kind)


def layout_of(directory, made):
    images.write_layout(directory, made)
    return f"oci:{directory}:latest"


@pytest.fixture(scope="module")
def server(no_leaks, tmp_path_factory):
    started = OwnRegistry(tmp_path_factory.mktemp("clients")).start()
    yield started
    assert started.stop() == 0


@pytest.fixture(scope="module")
def locked(no_leaks, tmp_path_factory):
    """With TLS, a password and tokens."""
    directory = tmp_path_factory.mktemp("locked")
    authority = make_authority(directory / "ca")
    certificate, key = make_certificate(directory / "tls", authority, "IP:127.0.0.1")
    certs = directory / "certs.d"
    certs.mkdir()
    shutil.copy(authority.certificate, certs / "ca.crt")
    started = OwnRegistry(directory, {
        "tls": {"certificate": str(certificate), "key": str(key)},
        "auth": {"htpasswd": str(password_file(directory / "htpasswd", {USER: PASSWORD}))},
    }, USER, PASSWORD, ca=authority.certificate).start()
    yield started
    assert started.stop() == 0


def skopeo(*arguments, check=True):
    return programs.run("skopeo", "--insecure-policy", *arguments, check=check, timeout=120)


@pytest.mark.parametrize("kind, compression", [("oci", "gzip"), ("oci", "zstd")])
def test_skopeo_copies_there_and_back(server, tmp_path, kind, compression):
    made = image(kind, compression)
    source = layout_of(tmp_path / "in", made)
    name = f"docker://{server.address}/skopeo/{kind}-{compression}:1"

    skopeo("copy", "--dest-tls-verify=false", source, name)
    skopeo("copy", "--src-tls-verify=false", name, f"oci:{tmp_path}/out:latest")

    index = json.loads((tmp_path / "out" / "index.json").read_text())
    assert index["manifests"][0]["digest"] == made.digest
    for blob in made.blobs():
        path = tmp_path / "out" / "blobs" / "sha256" / hashlib.sha256(blob).hexdigest()
        assert path.read_bytes() == blob


def test_skopeo_inspects_lists_mounts_and_deletes(server, tmp_path):
    made = image()
    name = f"docker://{server.address}/skopeo/verbs"
    skopeo("copy", "--dest-tls-verify=false", layout_of(tmp_path / "in", made), f"{name}:1")
    before = server.blobs()

    skopeo("copy", "--src-tls-verify=false", "--dest-tls-verify=false", f"{name}:1",
           f"docker://{server.address}/skopeo/other:2")
    found = json.loads(skopeo("inspect", "--tls-verify=false", f"{name}:1").stdout)
    tags = json.loads(skopeo("list-tags", "--tls-verify=false", name).stdout)

    assert found["Digest"] == made.digest
    assert tags["Tags"] == ["1"]
    assert server.blobs() == before
    skopeo("delete", "--tls-verify=false", f"{name}:1")
    assert skopeo("inspect", "--tls-verify=false", f"{name}:1", check=False).returncode != 0


def test_docker_types_survive(server, tmp_path):
    made = image("oci")
    source = layout_of(tmp_path / "in", made)
    name = f"docker://{server.address}/skopeo/v2s2:1"

    skopeo("copy", "--format", "v2s2", "--dest-tls-verify=false", source, name)

    raw = json.loads(skopeo("inspect", "--raw", "--tls-verify=false", name).stdout)
    assert raw["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"


def test_skopeo_with_password_tls_and_token(locked, tmp_path):
    name = f"docker://{locked.address}/private/web:1"
    source = layout_of(tmp_path / "in", image())
    certs = f"--dest-cert-dir={locked.directory}/certs.d"

    refused = skopeo("copy", certs, source, name, check=False)
    wrong = skopeo("copy", certs, "--dest-creds", f"{USER}:wrong", source, name, check=False)
    skopeo("copy", certs, "--dest-creds", f"{USER}:{PASSWORD}", source, name)
    skopeo("copy", f"--src-cert-dir={locked.directory}/certs.d", "--src-creds",
           f"{USER}:{PASSWORD}", name, f"oci:{tmp_path}/out:latest")

    for each in (refused, wrong):
        assert each.returncode != 0
        assert "authentication required" in each.stderr or "unauthorized" in each.stderr
    assert "/token?" in locked.log


def test_podman_logs_in_pulls_and_pushes(locked, storage, tmp_path):
    arguments, environment = storage
    made = image()
    locked.push("podman/in", "1", made)
    certs = f"--cert-dir={locked.directory}/certs.d"

    def podman(*words, **options):
        return programs.run("podman", *arguments, "--cgroup-manager", "cgroupfs",
                            "--events-backend", "none", *words, env=environment, timeout=120,
                            **options)

    bad = podman("login", certs, "-u", USER, "-p", "wrong", locked.address, check=False)
    podman("login", certs, "-u", USER, "--password-stdin", locked.address, input=PASSWORD)
    podman("pull", "-q", certs, f"{locked.address}/podman/in:1")
    podman("tag", f"{locked.address}/podman/in:1", f"{locked.address}/podman/out:2")
    podman("push", "-q", certs, f"{locked.address}/podman/out:2")

    assert bad.returncode != 0
    pushed = locked.expect(200, "GET", "/v2/podman/out/manifests/2").json()
    assert pushed["config"]["digest"] == made.id


def test_buildah_commits_and_pushes(server, storage, tmp_path):
    arguments, environment = storage
    (tmp_path / "file").write_text("from buildah\n")

    def buildah(*words):
        return programs.run("buildah", *arguments, *words, env=environment, timeout=120)

    container = buildah("from", "scratch").stdout.strip()
    buildah("copy", container, str(tmp_path / "file"), "/file")
    made = buildah("commit", "-q", container).stdout.strip()
    name = f"{server.address}/buildah/made:1"
    buildah("push", "-q", "--tls-verify=false", made, f"docker://{name}")
    buildah("rm", container)
    buildah("rmi", made)
    buildah("pull", "-q", "--tls-verify=false", f"docker://{name}")

    assert server.expect(200, "GET", "/v2/buildah/made/tags/list").json()["tags"] == ["1"]


def test_ikada_pulls(server, ikada):
    made = image()
    server.push("ikada/web", "1", made)

    ikada("pull", "-q", f"{server.address}/ikada/web:1")

    assert made.digest in ikada("images", "--digests").stdout


def test_ikada_logs_in_and_pulls_with_a_token(no_leaks, tmp_path, ikada):
    users = password_file(tmp_path / "htpasswd", {USER: PASSWORD})
    server = OwnRegistry(tmp_path / "own", {"auth": {"htpasswd": str(users)}}, USER,
                         PASSWORD).start()
    try:
        made = image()
        server.push("private/web", "1", made)
        name = f"{server.address}/private/web:1"
        assert ikada("pull", "-q", name, check=False).returncode != 0
        ikada("login", "-u", USER, "--password-stdin", server.address, input=PASSWORD)
        ikada("pull", "-q", name)
    finally:
        server.stop()


def test_debian_s_registry_and_ours_have_the_same_images(server, registry, tmp_path):
    made = [image(text="amd64"), image(text="arm64")]
    registry.push_index("sync/web", "1", made)
    words = ["--all", "--src-tls-verify=false", "--dest-tls-verify=false"]

    skopeo("copy", *words, f"docker://{registry.address}/sync/web:1",
           f"docker://{server.address}/sync/web:1")
    skopeo("copy", *words, f"docker://{server.address}/sync/web:1",
           f"docker://{registry.address}/sync/back:1")

    _, theirs = registry.request("GET", "/v2/sync/back/manifests/1",
                                 headers={"Accept": images.OCI["index"]})
    assert theirs == server.expect(200, "GET", "/v2/sync/web/manifests/1").body


def test_curl_uploads_with_continue_and_resumes_a_download(server, tmp_path):
    data = os.urandom(5 << 20)
    (tmp_path / "in").write_bytes(data)
    digest = images.digest_of(data)
    place = server.start_upload("curl")

    # Above a mebibyte curl asks before it sends.
    programs.run("curl", "-sSf", "-T", tmp_path / "in",
                 f"http://{server.address}{place}?digest={digest}")
    (tmp_path / "out").write_bytes(data[:1_000_000])
    programs.run("curl", "-sSf", "-C", "-", "-o", tmp_path / "out",
                 f"http://{server.address}/v2/curl/blobs/{digest}")

    assert (tmp_path / "out").read_bytes() == data
