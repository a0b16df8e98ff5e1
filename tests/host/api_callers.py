"""Callers of a cluster's API, several at once over different ways, who count each call that fails:
they are no client library that tries again."""

import http.client
import json
import socket
import ssl
import threading
import time

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from api_connection import TARGET, ApiConnection

TIMEOUT_S = 30
CONTENT = "application/x-amz-json-1.1"


class TlsConnection(http.client.HTTPSConnection):
    """To another host's manager, verified by the authorities that it publishes, and signed."""

    def __init__(self, manager, key):
        context = ssl.create_default_context(cafile=str(manager.root / "cluster" / "ca.pem"))
        super().__init__(manager.address, 7440, timeout=TIMEOUT_S, context=context)
        self._manager, self._context = manager, context
        self._signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(*key), "ecs",
                                               "us-east-1")

    def connect(self):
        plain = self._manager.net.inside(
            lambda: socket.create_connection((self.host, self.port), TIMEOUT_S))
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)

    def ask(self, action, **body):
        request = botocore.awsrequest.AWSRequest(
            "POST", f"https://{self.host}:{self.port}/", data=json.dumps(body),
            headers={"X-Amz-Target": TARGET + action, "Content-Type": CONTENT})
        self._signer.add_auth(request)
        self.request("POST", "/", request.data, dict(request.headers.items()))
        answer = self.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")


class Caller(threading.Thread):
    """One call after another, writes and reads. With `keeps` on one connection, else each on a new
    one."""

    def __init__(self, name, connect, instance, keeps, pause_s):
        super().__init__(daemon=True)
        self.name, self._connect, self._instance = name, connect, instance
        self._keeps, self._pause_s, self._connection = keeps, pause_s, None
        self.is_over = False
        self.took_s, self.failures, self.kept_clusters = [], [], set()

    def run(self):
        number = 0
        while not self.is_over:
            self._cycle(f"{self.name}-{number}", number % 4 == 0)
            number += 1
        self._close()

    def _close(self):
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _cycle(self, name, is_kept):
        made = self._call("CreateCluster", clusterName=name)
        found = self._call("DescribeClusters", clusters=[name])
        if made and found and len(found["clusters"]) != 1:
            self.failures.append(f"{name} is not there after it was created")
        if made and is_kept:
            self.kept_clusters.add(name)
        self._call("ListClusters")
        container = {"name": "app", "image": "busybox", "memory": 16}
        if self._call("RegisterTaskDefinition", family=name, containerDefinitions=[container]):
            self._call("ListTaskDefinitions", familyPrefix=name)
            self._call("DeregisterTaskDefinition", taskDefinition=f"{name}:1")
        mark = {"name": self.name, "targetId": self._instance, "targetType": "container-instance"}
        self._call("PutAttributes", attributes=[{**mark, "value": name}])
        self._call("ListAttributes", targetType="container-instance", attributeName=self.name)
        self._call("DeleteAttributes", attributes=[mark])
        self._call("ListContainerInstances")
        if made and not is_kept:
            self._call("DeleteCluster", cluster=name)

    def _call(self, action, **body):
        """The answer; nothing for a call that failed."""
        if self.is_over:
            return None
        began, answer = time.monotonic(), None
        try:
            if self._connection is None:
                self._connection = self._connect()
            status, answer = self._connection.ask(action, **body)
            if status != 200:
                self._note(began, action, f"{status} {answer}")
                answer = None
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._note(began, action, repr(error))
            self._connection = None
        self.took_s.append(time.monotonic() - began)
        # One that the server ends after an answer is no failure.
        if self._connection is not None and (not self._keeps or self._connection.sock is None):
            self._close()
        time.sleep(self._pause_s)
        return answer

    def _note(self, began, action, why):
        self.failures.append(f"{time.strftime('%H:%M:%S')} {self.name} {action} after "
                             f"{time.monotonic() - began:.2f} s: {why}")


class Callers:
    """Three for each manager: over TLS on a connection that is kept and on new ones, and over the
    socket for root. With `with`, around what they must not notice."""

    def __init__(self, managers, instances, key, pause_s=0.02):
        self.all = []
        for place, host in enumerate(managers):
            def tls(host=host):
                return TlsConnection(host, key)

            def plain(host=host):
                return ApiConnection(host.run_root / "api.sock", TIMEOUT_S)

            for way, connect, keeps in (("kept", tls, True), ("new", tls, False),
                                        ("root", plain, True)):
                instance = instances[len(self.all) % len(instances)]
                self.all.append(Caller(f"{way}{place}", connect, instance, keeps, pause_s))

    def __enter__(self):
        for caller in self.all:
            caller.start()
        return self

    def __exit__(self, *_):
        for caller in self.all:
            caller.is_over = True
        for caller in self.all:
            caller.join(timeout=2 * TIMEOUT_S)

    @property
    def count(self):
        return sum(len(caller.took_s) for caller in self.all)

    @property
    def failures(self):
        return [failure for caller in self.all for failure in caller.failures]

    @property
    def kept_clusters(self):
        return set().union(*(caller.kept_clusters for caller in self.all))

    def summary(self):
        took_s = sorted(each for caller in self.all for each in caller.took_s)
        half, most = took_s[len(took_s) // 2], took_s[len(took_s) * 99 // 100]
        return (f"{len(took_s)} calls, {len(self.failures)} failed; p50 {half * 1000:.1f} ms, "
                f"p99 {most * 1000:.0f} ms, the longest {took_s[-1]:.2f} s")
