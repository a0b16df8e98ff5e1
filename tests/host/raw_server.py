"""A server on TCP that answers with bytes as they are, and breaks off where a test says.

  server = RawServer(lambda connection, request, number: connection.sendall(b"…")).start()

The answer function gets the socket, the request's head and how many requests there were for its
path before. The connection is closed when it returns.
"""

import socket
import struct
import threading


def http_bytes(status, body=b"", **headers):
    """An answer's bytes; header names may have _ for -."""
    lines = {"Content-Length": str(len(body)), "Content-Type": "application/json"}
    lines.update({name.replace("_", "-"): value for name, value in headers.items()})
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body


def reset(connection):
    """Closing sends RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class RawServer:
    def __init__(self, answer):
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._accept)
        self._connections = []
        self.paths = []

    @property
    def address(self):
        return "127.0.0.1:%d" % self._socket.getsockname()[1]

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._stopped.set()
        self._thread.join()
        self._socket.close()
        for thread in self._connections:
            thread.join()

    def wait(self, seconds):
        """Sleeps unless the server is stopped; True if it is."""
        return self._stopped.wait(seconds)

    def _accept(self):
        while not self._stopped.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._connections.append(thread)
            thread.start()

    def _serve(self, connection):
        with connection:
            connection.settimeout(10)
            try:
                head = b""
                while b"\r\n\r\n" not in head:
                    part = connection.recv(65536)
                    if not part:
                        return
                    head += part
                path = head.split(b" ")[1].decode()
                with self._lock:
                    number = self.paths.count(path)
                    self.paths.append(path)
                self._answer(connection, head.decode(), number)
            except OSError:
                pass
