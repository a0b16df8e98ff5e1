"""Images that go from ikada to other engines and back: archives, registries, the docker client."""

import http.server
import json
import os
import subprocess
import threading

import pytest

import images
import programs
from engine_clients import docker, podman  # noqa: F401
from own_registry import OwnRegistry, password_file

USER, PASSWORD = "ada", "engine: no. 1"


def image(text="hello\n"):
    return images.Image([images.layer_of_entries([images.entry("hello", text)]),
                         images.layer_of_entries([images.entry("big", os.urandom(1 << 20))])],
                        config={"Cmd": ["/hello"], "Env": ["A=1"], "Labels": {"k": "v"}})


@pytest.fixture
def own(tmp_path):
    server = OwnRegistry(tmp_path / "own").start()
    yield server
    assert server.stop() == 0


def podman_id(podman, name):
    return "sha256:" + podman("inspect", "-f", "{{.Id}}", name).stdout.strip().removeprefix(
        "sha256:")


@pytest.mark.parametrize("kind", ["docker-archive", "oci-archive"])
def test_from_podman_through_ikada_to_podman(podman, ikada, registry, tmp_path, kind):
    made = image()
    registry.push("trips/podman", "1", made)
    name = f"{registry.address}/trips/podman:1"
    podman("pull", "-q", "--tls-verify=false", name)
    podman("save", "-q", "--format", kind, "-o", tmp_path / "first.tar", name)

    loaded = ikada("load", "-i", tmp_path / "first.tar").stdout
    identity = ikada("images", "-q", "--no-trunc").stdout.strip()
    about = ikada.inspect(identity)
    ikada("tag", identity, "example.com/trip:2")
    ikada("save", "--format", kind, "-o", tmp_path / "second.tar", "example.com/trip:2")
    podman("rmi", "-f", name)
    podman("load", "-q", "-i", tmp_path / "second.tar")

    assert loaded.startswith("Loaded image")
    assert identity == made.id
    assert about["Config"]["Cmd"] == ["/hello"] and about["Config"]["Labels"] == {"k": "v"}
    assert about["RootFS"]["Layers"] == [each.diff_id for each in made.layers]
    listed = json.loads(podman("images", "--format", "json").stdout)
    assert ["sha256:" + each["Id"] for each in listed] == [made.id]
    # podman keeps the name that the archive says; of an OCI archive it reads none with a host.
    if kind == "docker-archive":
        assert listed[0]["Names"] == ["example.com/trip:2"]
    programs.run("skopeo", "--insecure-policy", "copy", "-q", f"{kind}:{tmp_path}/second.tar",
                 f"oci:{tmp_path}/copy:latest")
    copied = json.loads((tmp_path / "copy" / "index.json").read_text())["manifests"][0]
    blobs = tmp_path / "copy" / "blobs" / "sha256"
    manifest = json.loads((blobs / copied["digest"][7:]).read_bytes())
    config = json.loads((blobs / manifest["config"]["digest"][7:]).read_bytes())
    assert config["rootfs"]["diff_ids"] == [each.diff_id for each in made.layers]


@pytest.mark.parametrize("where", ["debian", "own"])
def test_podman_pulls_what_ikada_pushed(podman, ikada, registry, own, where):
    made = image(where)
    registry.push("trips/source", "1", made)
    target = {"debian": registry.address, "own": own.address}[where]
    ikada("pull", "-q", f"{registry.address}/trips/source:1")
    ikada("tag", f"{registry.address}/trips/source:1", f"{target}/trips/pushed:3")

    ikada("push", "-q", f"{target}/trips/pushed:3")
    podman("pull", "-q", "--tls-verify=false", f"{target}/trips/pushed:3")

    assert podman_id(podman, f"{target}/trips/pushed:3") == made.id
    # What podman pushes back has the same layers for ikada.
    podman("tag", f"{target}/trips/pushed:3", f"{target}/trips/back:4")
    podman("push", "-q", "--tls-verify=false", f"{target}/trips/back:4")
    ikada("pull", "-q", f"{target}/trips/back:4")
    assert ikada.inspect(f"{target}/trips/back:4")["Id"] == made.id


def test_ikada_pushes_to_its_own_registry_only_what_is_missing(ikada, registry, own):
    made = image("own")
    registry.push("trips/own", "1", made)
    ikada("pull", "-q", f"{registry.address}/trips/own:1")
    ikada("tag", f"{registry.address}/trips/own:1", f"{own.address}/a/web:1")
    ikada("tag", f"{registry.address}/trips/own:1", f"{own.address}/b/web:1")

    ikada("push", "-q", f"{own.address}/a/web:1")
    blobs = own.blobs()
    ikada("push", "-q", f"{own.address}/a/web:1")
    ikada("push", "-q", f"{own.address}/b/web:1")

    assert own.blobs() == blobs
    for repository in ("a/web", "b/web"):
        assert own.expect(200, "GET", f"/v2/{repository}/manifests/1").body == made.manifest
    ikada("rmi", "-f", made.id)
    ikada("pull", "-q", f"{own.address}/b/web:1")
    assert ikada.inspect(f"{own.address}/b/web:1")["Id"] == made.id


def test_the_docker_client_logs_in_pushes_and_pulls(docker, tmp_path):
    made = image("docker")
    users = password_file(tmp_path / "htpasswd", {USER: PASSWORD})
    server = OwnRegistry(tmp_path / "locked", {"auth": {"htpasswd": str(users)}}, USER,
                         PASSWORD).start()
    try:
        server.push("docker/in", "1", made)
        name = f"{server.address}/docker/in:1"

        refused = docker("pull", name, check=False)
        wrong = docker("login", "-u", USER, "--password-stdin", server.address, input="wrong",
                       check=False)
        docker("login", "-u", USER, "--password-stdin", server.address, input=PASSWORD)
        docker("pull", "-q", name)
        docker("tag", name, f"{server.address}/docker/out:2")
        docker("push", "-q", f"{server.address}/docker/out:2")
        docker("rmi", name, f"{server.address}/docker/out:2")
        docker("pull", "-q", f"{server.address}/docker/out:2")

        assert refused.returncode != 0 and wrong.returncode != 0
        pushed = server.expect(200, "GET", "/v2/docker/out/manifests/2").json()
        assert pushed["config"]["digest"] == made.id
        assert docker("inspect", "-f", "{{.Id}}",
                      f"{server.address}/docker/out:2").stdout.strip() == made.id
    finally:
        server.stop()


def test_import_takes_an_archive_from_the_network(ikada, busybox_rootfs, tmp_path):
    data = subprocess.run(["tar", "-c", "-J", "-C", busybox_rootfs, "."], capture_output=True,
                          check=True).stdout

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", "/tree.tar.xz?x=1")
                self.end_headers()
                return
            found = self.path.startswith("/tree.tar.xz")
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(data) if found else 0))
            self.end_headers()
            if found:
                self.wfile.write(data[:len(data) // 2] if "cut" in self.path else data)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        for path in ("/tree.tar.xz", "/moved"):
            made = ikada("import", "-c", "CMD echo $((40 + 2))", url + path, "far:1").stdout.strip()
            assert ikada.inspect("far:1")["Id"] == made
            assert ikada("run", "--rm", "--network", "none", "far:1").stdout == "42\n"
        history = json.loads(ikada("history", "--format", "json", "far:1").stdout.splitlines()[0])
        assert history["Comment"] == f"Imported from {url}/moved"
        ikada("rmi", "-f", "far:1")
        for path, why in (("/none", "status 404"), ("/tree.tar.xz?cut", "")):
            failed = ikada("import", url + path, "bad:1", check=False)
            assert failed.returncode == 1 and why in failed.stderr, failed
            assert failed.stderr.count("\n") == 1
        assert "bad" not in ikada("images").stdout
        assert os.listdir(ikada.root / "images" / "partial") == []
    finally:
        server.shutdown()
        server.server_close()
