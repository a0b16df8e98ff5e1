"""A registry that takes uploads, and misbehaves as a test tells it to.

  server = UploadRegistry().start()
  server.cut_after = 100_000        # Every request with that much body breaks there …
  server.cuts_left = 2              # … twice.
  server.keeps_parts = False        # What came before a cut is forgotten with its upload.
  server.mounts = False             # Mounts are answered with a new upload.
  server.absolute = True            # Locations are absolute URLs.
  server.pause_s = 0.01             # Before each 64 KiB that are read.

Scripts come first, as in ScriptedRegistry; `blobs` is {repository: {digest: bytes}}.

Source: OCI distribution-spec 1.1, "Push".
"""

import json
import re
import time
import urllib.parse

import images
from scripted_registry import Call, ScriptedRegistry

UPLOADS = re.compile(r"/v2/(.+)/blobs/uploads/(\w*)$")
BLOB = re.compile(r"/v2/(.+)/blobs/(sha256:\w+)$")
MANIFEST = re.compile(r"/v2/(.+)/manifests/([^/]+)$")
READ_BYTES = 64 << 10


class UploadRegistry(ScriptedRegistry):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.blobs = {}
        self.manifests = {}
        self.uploads = {}
        self.cut_after = None
        self.cuts_left = 0
        self.keeps_parts = True
        self.mounts = True
        self.absolute = False
        self.scheme = "http"
        self.pause_s = 0
        self.bodies_under_way = 0

    def add(self, repository, tag, image):
        self.blobs.setdefault(repository, {}).update(
            {images.digest_of(blob): blob for blob in image.blobs()})
        kept = self.manifests.setdefault(repository, {})
        kept[tag] = kept[image.digest] = (image.manifest, image.media_type)

    def methods(self, path_part=""):
        """The methods of all requests so far to paths with that part in them."""
        return [call.method for call in self.calls if path_part in call.path]

    def _serve(self, handler):
        with self._lock:
            number = sum(call.path == handler.path for call in self.calls)
            call = Call(handler, number, b"")
            self.calls.append(call)
        place, _, query = handler.path.partition("?")
        upload = UPLOADS.match(place)
        scripts = [action for prefix, action in self._scripts if handler.path.startswith(prefix)]
        if scripts or upload is None or handler.command == "POST":
            call.body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        if any(action(call) is not False for action in scripts):
            return
        if upload is not None:
            self._serve_upload(call, upload[1], upload[2], urllib.parse.parse_qs(query))
        elif match := BLOB.match(place):
            blob = self.blobs.get(match[1], {}).get(match[2])
            if blob is None:
                call.error(404, "BLOB_UNKNOWN", "blob unknown")
            else:
                call.answer(200, blob, Content_Type="application/octet-stream")
        elif match := MANIFEST.match(place):
            self._serve_manifest(call, match[1], match[2])
        else:
            self._serve_well(call)

    def _serve_manifest(self, call, repository, reference):
        kept = self.manifests.setdefault(repository, {})
        if call.method == "PUT":
            digest = images.digest_of(call.body)
            for each in json.loads(call.body).get("layers", []):
                if each["digest"] not in self.blobs.get(repository, {}):
                    call.error(404, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
                    return
            kept[reference] = kept[digest] = (call.body, call.headers["Content-Type"])
            call.answer(201, Docker_Content_Digest=digest)
        elif reference in kept:
            body, media_type = kept[reference]
            call.answer(200, body, Content_Type=media_type,
                        Docker_Content_Digest=images.digest_of(body))
        else:
            call.error(404, "MANIFEST_UNKNOWN", "manifest unknown")

    def _location(self, repository, name):
        path = f"/v2/{repository}/blobs/uploads/{name}?_state=x"
        return f"{self.scheme}://{self.address}{path}" if self.absolute else path

    def _serve_upload(self, call, repository, name, query):
        if call.method == "POST":
            digest, source = query.get("mount", [None])[0], query.get("from", [None])[0]
            blob = self.blobs.get(source, {}).get(digest)
            if self.mounts and blob is not None:
                self.blobs.setdefault(repository, {})[digest] = blob
                call.answer(201, Location=f"/v2/{repository}/blobs/{digest}")
                return
            name = f"u{len(self.uploads)}"
            self.uploads[name] = bytearray()
            call.answer(202, Location=self._location(repository, name))
            return
        data = self.uploads.get(name)
        if data is None:
            call.error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown")
            return
        span = call.headers.get("Content-Range")
        if span is not None and int(span.split("-")[0]) != len(data):
            call.answer(416, Location=self._location(repository, name))
            return
        if call.method in ("PATCH", "PUT"):
            self.bodies_under_way += 1
            try:
                if not self._take_body(call, name, data):
                    return
            finally:
                self.bodies_under_way -= 1
        if call.method == "PUT":
            self._finish(call, repository, name, query["digest"][0])
            return
        headers = {"Range": f"0-{len(data) - 1}"} if data else {}
        call.answer(202 if call.method == "PATCH" else 204,
                    Location=self._location(repository, name), **headers)

    def _take_body(self, call, name, data):
        """False if the connection was cut."""
        handler = call._handler
        left, taken = int(call.headers.get("Content-Length", 0)) - len(call.body), 0
        data += call.body
        while left > 0:
            size = min(left, READ_BYTES)
            cuts = self.cut_after is not None and self.cuts_left > 0
            if cuts and taken + size > self.cut_after:
                self.cuts_left -= 1
                data += handler.rfile.read(self.cut_after - taken)
                if not self.keeps_parts:
                    self.uploads[name] = None
                handler.close_connection = True
                handler.connection.shutdown(2)
                return False
            time.sleep(self.pause_s)
            part = handler.rfile.read(size)
            data += part
            taken += len(part)
            left -= len(part)
            if len(part) < size:
                return False
        return True

    def _finish(self, call, repository, name, digest):
        data = bytes(self.uploads.pop(name))
        self.uploads[name] = None
        if images.digest_of(data) != digest:
            call.error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
            return
        self.blobs.setdefault(repository, {})[digest] = data
        call.answer(201, Location=f"/v2/{repository}/blobs/{digest}",
                    Docker_Content_Digest=digest)
