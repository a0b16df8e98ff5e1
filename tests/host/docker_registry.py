"""Debian's docker-registry on a free loopback port, and pushing to it."""

import base64
import http.client
import json
import pathlib
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse

from images import digest_of, index_of

START_TIMEOUT_S = 60


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class DockerRegistry:
    """Started by start(), ended by stop(). With `user` it wants Basic authentication, with `tls`,
    certificate and key, it speaks https."""

    def __init__(self, directory, user=None, password=None, tls=None):
        self.directory = pathlib.Path(directory)
        self.user = user
        self.password = password
        self.tls = tls
        self.port = None
        self._process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def storage(self):
        return self.directory / "storage"

    def _config(self):
        config = {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(self.storage)},
                "delete": {"enabled": True},
                "maintenance": {"uploadpurging": {"enabled": False}},
            },
            "http": {"addr": self.address},
        }
        if self.tls is not None:
            config["http"]["tls"] = {"certificate": str(self.tls[0]), "key": str(self.tls[1])}
        if self.user is not None:
            line = subprocess.run(
                ["htpasswd", "-nbB", self.user, self.password],
                capture_output=True, text=True, check=True, timeout=30).stdout
            (self.directory / "htpasswd").write_text(line)
            config["auth"] = {"htpasswd": {"realm": "ikada tests",
                                           "path": str(self.directory / "htpasswd")}}
        return json.dumps(config)

    def start(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        config = self.directory / "config.json"
        config.write_text(self._config())  # JSON is YAML.
        with open(self.directory / "log", "ab") as log:
            self._process = subprocess.Popen(
                ["docker-registry", "serve", str(config)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                self.request("GET", "/v2/", statuses=(200,))
                return self
            except OSError as error:
                ended = self._process.poll() is not None
                if ended or time.monotonic() > deadline:
                    text = (self.directory / "log").read_text(errors="replace")
                    raise AssertionError(f"docker-registry does not answer:\n{text}") from error
                time.sleep(0.05)

    def stop(self):
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=10)
        self._process = None

    def request(self, method, path, body=None, headers=None, statuses=(200, 201, 202)):
        """One request; the answer's headers and body. Another status is a failure."""
        headers = dict(headers or {})
        if self.user is not None:
            token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        if self.tls is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        else:
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=60, context=ssl._create_unverified_context())
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            answer = response.read()
            if response.status not in statuses:
                raise AssertionError(f"{method} {path}: {response.status} {answer[:500]!r}")
            return response.headers, answer
        finally:
            connection.close()

    def push_blob(self, repository, data):
        digest = digest_of(data)
        head, _ = self.request("POST", f"/v2/{repository}/blobs/uploads/", body=b"")
        place = urllib.parse.urlsplit(head["Location"])
        query = f"{place.query}&" if place.query else ""
        self.request("PUT", f"{place.path}?{query}digest={urllib.parse.quote(digest)}", body=data,
                     headers={"Content-Type": "application/octet-stream"})
        return digest

    def push(self, repository, tag, image):
        """Puts an images.Image there; returns the manifest's digest."""
        for blob in image.blobs():
            self.push_blob(repository, blob)
        self.push_manifest(repository, tag, image.manifest, image.media_type)
        return image.digest

    def push_index(self, repository, tag, images):
        """Several platforms under one tag; returns the index's digest."""
        for each in images:
            self.push(repository, each.digest, each)
        data = index_of(images)
        self.push_manifest(repository, tag, data, images[0].index_type)
        return digest_of(data)

    def push_manifest(self, repository, reference, data, media_type):
        self.request("PUT", f"/v2/{repository}/manifests/{reference}", body=data,
                     headers={"Content-Type": media_type})

    def blob_path(self, digest):
        """The file in which the registry keeps a blob, for tests that spoil it."""
        value = digest.removeprefix("sha256:")
        return (self.storage / "docker" / "registry" / "v2" / "blobs" / "sha256" / value[:2] /
                value / "data")
