"""A registry in a few lines that misbehaves as a test tells it to.

  server = ScriptedRegistry().start()
  server.add("web", "1", image)
  server.script("/v2/web/blobs/", lambda call: call.answer(503))

A script is asked first for every path that begins so; if it returns False, the registry answers as
a good one would. `calls` is what was asked for.
"""

import http.server
import re
import ssl
import threading

import images


class Call:
    """One request: `path`, `headers`, `number` (how many came for this path before)."""

    def __init__(self, handler, number, body):
        self.method = handler.command
        self.path = handler.path
        self.headers = handler.headers
        self.number = number
        self.body = body
        self._handler = handler

    @property
    def authorization(self):
        return self.headers.get("Authorization")

    def answer(self, status, body=b"", cut_at=None, **headers):
        """Header names may have _ for -. With cut_at the connection ends after so many bytes."""
        handler = self._handler
        handler.send_response(status)
        lines = {"Content-Length": str(len(body)), "Content-Type": "application/json"}
        lines.update({name.replace("_", "-"): value for name, value in headers.items()})
        for name, value in lines.items():
            if value is not None:
                handler.send_header(name, value)
        handler.end_headers()
        if self.method == "HEAD":
            return True
        handler.wfile.write(body if cut_at is None else body[:cut_at])
        if cut_at is not None:
            handler.wfile.flush()
            handler.close_connection = True
            handler.connection.shutdown(2)
        return True

    def error(self, status, code, message, **headers):
        text = f'{{"errors":[{{"code":"{code}","message":"{message}"}}]}}'
        return self.answer(status, text.encode(), **headers)


class ScriptedRegistry:
    def __init__(self, certificate=None, key=None, host="127.0.0.1", tls=None):
        """`tls` may change the context of a registry with a certificate."""
        self._host = host
        self.calls = []
        self._manifests = {}
        self._blobs = {}
        self._scripts = []
        self._lock = threading.Lock()
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                registry._serve(self)

            do_POST = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_GET

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """Clients that hang up are part of the tests."""

        self._server = Server((host, 0), Handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            if tls is not None:
                tls(context)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def port(self):
        return self._server.server_address[1]

    @property
    def address(self):
        return f"{self._host}:{self.port}"

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def add(self, repository, tag, image):
        for reference in (tag, image.digest):
            self._manifests[f"/v2/{repository}/manifests/{reference}"] = image
        for layer, blob in zip([None, *image.layers], image.blobs()):
            self._blobs[f"/v2/{repository}/blobs/{digest_in(image, layer)}"] = blob

    def script(self, prefix, action):
        self._scripts.append((prefix, action))

    def calls_to(self, prefix):
        return [call for call in self.calls if call.path.startswith(prefix)]

    def _serve(self, handler):
        with self._lock:
            number = sum(call.path == handler.path for call in self.calls)
            body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
            call = Call(handler, number, body)
            self.calls.append(call)
        for prefix, action in self._scripts:
            if call.path.startswith(prefix) and action(call) is not False:
                return
        self._serve_well(call)

    def _serve_well(self, call):
        if call.path == "/v2/":
            call.answer(200, b"{}")
        elif call.path in self._manifests:
            image = self._manifests[call.path]
            call.answer(200, image.manifest, Content_Type=image.media_type,
                        Docker_Content_Digest=image.digest)
        elif call.path in self._blobs:
            serve_range(call, self._blobs[call.path])
        else:
            call.error(404, "MANIFEST_UNKNOWN", "manifest unknown")


def digest_in(image, layer):
    return image.id if layer is None else images.digest_of(layer.data)


def serve_range(call, blob, cut_at=None):
    match = re.fullmatch(r"bytes=(\d+)-", call.headers.get("Range", ""))
    if match is None:
        return call.answer(200, blob, cut_at, Content_Type="application/octet-stream")
    first = int(match[1])
    return call.answer(206, blob[first:], cut_at, Content_Type="application/octet-stream",
                       Content_Range=f"bytes {first}-{len(blob) - 1}/{len(blob)}")
