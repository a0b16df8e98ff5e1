"""Requests to an address, one after another on several connections, each of them looked at."""

import collections
import http.client
import threading
import time


class Load:
    """Runs until it is stopped: with `with`, around what must not be noticed."""

    def __init__(self, port, connections=8, rate=400, host="127.0.0.1", path="/"):
        self.failures = []
        self.failed_at = []  # When each of them was seen, of time.monotonic().
        self.bodies = collections.Counter()
        self.slowest = 0.0
        self._address = (host, port, path)
        self._pause = connections / rate
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, daemon=True)
                         for _ in range(connections)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=20)

    @property
    def requests(self):
        return sum(self.bodies.values()) + len(self.failures)

    def _work(self):
        host, port, path = self._address
        connection = None
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                if connection is None:
                    connection = http.client.HTTPConnection(host, port, timeout=10)
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
                failure = None if answer.status == 200 else f"{answer.status} {body[:80]}"
                # As any client does: a kept connection may be closed between two requests.
                if answer.will_close:
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException) as error:
                failure = repr(error)
                connection = None
            took = time.monotonic() - started
            with self._lock:
                self.slowest = max(self.slowest, took)
                if failure is None:
                    self.bodies[body] += 1
                else:
                    self.failures.append(failure)
                    self.failed_at.append(time.monotonic())
            self._stop.wait(max(0.0, self._pause - took))
