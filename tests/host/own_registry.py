"""`ikada registry serve` on a free loopback port, and speaking HTTP to it."""

import base64
import dataclasses
import http.client
import json
import os
import pathlib
import select
import signal
import socket
import ssl
import subprocess

import programs
from images import digest_of

START_TIMEOUT_S = 30
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"


@dataclasses.dataclass
class Reply:
    status: int
    headers: object
    body: bytes

    def json(self):
        return json.loads(self.body)

    def code(self):
        """The first error's code."""
        return self.json()["errors"][0]["code"]


class OwnRegistry:
    """Started by start(), ended by stop() or kill(); start() again serves the same root and port.

    `config` is the configuration file as a dict. JSON is YAML.
    """

    def __init__(self, directory, config=None, user=None, password=None, ca=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.root = self.directory / "registry"
        self.config = config or {}
        self.user, self.password = user, password
        self.ca = ca
        self.port = 0
        self.process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def log(self):
        return (self.directory / "log").read_text(errors="replace")

    def write_config(self):
        path = self.directory / "registry.yaml"
        path.write_text(json.dumps(self.config))
        return path

    def start(self, wrapper=()):
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                [*wrapper, programs.IKADA, "registry", "serve", "--root", self.root, "--config",
                 self.write_config(), "--address", self.address],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        ready, _, _ = select.select([self.process.stdout], [], [], START_TIMEOUT_S)
        line = self.process.stdout.readline().decode().strip() if ready else ""
        assert line, f"ikada registry serve does not start:\n{self.log}"
        self.port = int(line.rsplit(":", 1)[1])
        return self

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Ends it in order; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=60)
        finally:
            self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=60)
        self.process.stdout.close()

    def connect(self, timeout=60):
        if self.ca is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        context = ssl.create_default_context(cafile=self.ca)
        return http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=timeout, context=context)

    def basic(self, user=None, password=None):
        pair = f"{user or self.user}:{password or self.password}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def request(self, method, path, body=None, headers=None, connection=None):
        headers = dict(headers or {})
        if self.user is not None and "Authorization" not in headers:
            headers.update(self.basic())
        used = connection or self.connect()
        try:
            used.request(method, path, body=body, headers=headers)
            response = used.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            if connection is None:
                used.close()

    def expect(self, status, method, path, body=None, headers=None):
        reply = self.request(method, path, body, headers)
        assert reply.status == status, f"{method} {path}: {reply.status} {reply.body[:500]!r}"
        return reply

    def raw(self, data, timeout=60, shut=True):
        """Everything that comes back for these bytes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as client:
            answer = b""
            try:
                client.sendall(data)
                if shut:
                    client.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # Closed before it was told everything; it may have answered.
            try:
                while chunk := client.recv(65536):
                    answer += chunk
            except ConnectionResetError:
                pass
            return answer

    def start_upload(self, repository):
        return self.expect(202, "POST", f"/v2/{repository}/blobs/uploads/").headers["Location"]

    def push_blob(self, repository, data, digest=None):
        digest = digest or digest_of(data)
        place = self.start_upload(repository)
        self.expect(201, "PUT", f"{place}?digest={digest}", body=data)
        return digest

    def push_manifest(self, repository, reference, manifest, media_type=OCI_MANIFEST):
        data = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        reply = self.expect(201, "PUT", f"/v2/{repository}/manifests/{reference}", body=data,
                            headers={"Content-Type": media_type})
        assert reply.headers["Docker-Content-Digest"].split(":")[1]
        return digest_of(data)

    def push_image(self, repository, tag, text="hello"):
        """A small artifact; returns its manifest's digest."""
        config = self.push_blob(repository, b"{}")
        layer = self.push_blob(repository, text.encode())
        return self.push_manifest(repository, tag, manifest_of([(layer, len(text))], config))

    def push(self, repository, tag, image):
        """Puts an images.Image there."""
        for blob in image.blobs():
            self.push_blob(repository, blob)
        return self.push_manifest(repository, tag, image.manifest, image.media_type)

    def blobs(self):
        """The files of all blobs."""
        return sorted(path for path in (self.root / "blobs").glob("*/*"))

    def gc(self, *arguments):
        return programs.run(programs.IKADA, "registry", "gc", "--root", self.root, "--config",
                            self.write_config(), *arguments).stdout


def manifest_of(layers, config, config_size=2, **fields):
    """A manifest as a dict; layers are (digest, size)."""
    return {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config,
                   "size": config_size},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest,
                    "size": size} for digest, size in layers],
        **fields,
    }


def password_file(path, users, cost=4):
    """As `htpasswd -B` writes it."""
    for user, password in users.items():
        new = [] if path.exists() else ["-c"]
        programs.run("htpasswd", *new, "-bB", "-C", str(cost), path, user, password)
    os.chmod(path, 0o600)
    return path
