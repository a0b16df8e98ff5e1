"""An HTTP proxy in a few lines: tunnels by CONNECT, which is how https goes through a proxy.

  proxy = ConnectProxy().start()
  proxy.tunnels      # "host:port" of each tunnel that was asked for
"""

import http.server
import select
import socket
import threading


class ConnectProxy:
    def __init__(self, status=200):
        self.tunnels = []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_CONNECT(self):
                proxy.tunnels.append(self.path)
                self.send_response(status)
                self.end_headers()
                if status == 200:
                    host, port = self.path.rsplit(":", 1)
                    with socket.create_connection((host, int(port)), timeout=60) as other:
                        relay(self.connection, other)
                self.close_connection = True

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """Clients that hang up are part of the tests."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def relay(one, other):
    """Copies both ways until one side ends."""
    to = {one: other, other: one}
    while True:
        ready, _, _ = select.select(list(to), [], [], 20)
        if not ready:
            return
        for each in ready:
            data = each.recv(65536)
            if not data:
                return
            to[each].sendall(data)
