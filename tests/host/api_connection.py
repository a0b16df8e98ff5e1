"""The API over its socket for root, on a connection that is kept open."""

import http.client
import json
import socket

TARGET = "AmazonEC2ContainerServiceV20141113."


class ApiConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout_s=60):
        super().__init__("localhost", timeout=timeout_s)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def ask(self, action, **body):
        """The status and the answer. OSError if there is none."""
        try:
            self.request("POST", "/", json.dumps(body), {
                "X-Amz-Target": TARGET + action, "Content-Type": "application/x-amz-json-1.1"})
            answer = self.getresponse()
            return answer.status, json.loads(answer.read() or b"{}")
        except (http.client.HTTPException, ValueError) as error:
            raise ConnectionError(str(error)) from error
