"""Members of etcd on loopback, as a cluster of managers has them: mutual TLS everywhere."""

import json
import os
import pathlib
import signal
import ssl
import subprocess
import time
import urllib.request

import docker_registry
import programs
import tls_files

STORE_CLIENT = programs.BUILD / "tests" / "cluster" / "store" / "store_client"
STORE_CONTRACT = programs.BUILD / "tests" / "cluster" / "store" / "store_etcd_contract"
READY_TIMEOUT_S = 90


class Member:
    def __init__(self, cluster, number):
        self.name = f"m{number}"
        self.cluster = cluster
        self.client_port = docker_registry.free_port()
        self.peer_port = docker_registry.free_port()
        self.process = None

    @property
    def endpoint(self):
        return f"https://127.0.0.1:{self.client_port}"

    @property
    def peer(self):
        return f"https://127.0.0.1:{self.peer_port}"

    def start(self):
        scratch, tls = self.cluster.scratch, self.cluster
        log = open(scratch / f"{self.name}.log", "ab")
        self.process = subprocess.Popen(
            ["etcd", "--name", self.name, "--data-dir", scratch / self.name,
             "--listen-client-urls", self.endpoint, "--advertise-client-urls", self.endpoint,
             "--listen-peer-urls", self.peer, "--initial-advertise-peer-urls", self.peer,
             "--initial-cluster", ",".join(f"{each.name}={each.peer}" for each in tls.members),
             "--client-cert-auth", "--trusted-ca-file", tls.authority.certificate,
             "--cert-file", tls.certificate, "--key-file", tls.key,
             "--peer-client-cert-auth", "--peer-trusted-ca-file", tls.authority.certificate,
             "--peer-cert-file", tls.certificate, "--peer-key-file", tls.key,
             "--logger", "zap", "--log-level", "error"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        log.close()

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=20)

    def status(self):
        """What the member says of itself, or None."""
        try:
            return self.cluster.ask(self, "/v3/maintenance/status", {}, timeout=3)
        except OSError:
            return None


class EtcdCluster:
    """`count` members; use as a context."""

    def __init__(self, scratch, count):
        self.scratch = pathlib.Path(scratch)
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.authority = tls_files.make_authority(self.scratch / "ca")
        # The gateway of each member is a client of it with this same certificate.
        self.certificate, self.key = tls_files.make_certificate(
            self.scratch / "tls", self.authority, "IP:127.0.0.1",
            extensions="extendedKeyUsage=serverAuth,clientAuth")
        self.members = []
        for number in range(count):
            self.members.append(Member(self, number))

    def __enter__(self):
        for member in self.members:
            member.start()
        self.wait_until_ready()
        return self

    def __exit__(self, *_):
        for member in self.members:
            if member.process is not None and member.process.poll() is None:
                member.signal(signal.SIGCONT)
                member.kill()

    def ask(self, member, path, body, timeout):
        context = ssl.create_default_context(cafile=self.authority.certificate)
        context.load_cert_chain(self.certificate, self.key)
        request = urllib.request.Request(member.endpoint + path, json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=timeout, context=context) as answer:
            return json.load(answer)

    def leader(self):
        """The member that leads, or None."""
        for member in self.members:
            status = member.status()
            if status and status.get("leader") == status["header"]["member_id"]:
                return member
        return None

    def wait_for_leader(self):
        deadline = time.monotonic() + READY_TIMEOUT_S
        while (found := self.leader()) is None:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return found

    def wait_until_ready(self):
        deadline = time.monotonic() + READY_TIMEOUT_S
        while any("leader" not in (member.status() or {}) for member in self.members):
            if time.monotonic() > deadline:
                logs = [(self.scratch / f"{each.name}.log").read_text()[-500:]
                        for each in self.members]
                raise AssertionError(f"etcd has no leader after {READY_TIMEOUT_S} s: {logs}")
            time.sleep(0.1)

    @property
    def environment(self):
        """For store_client and the contract."""
        return {**os.environ,
                "IKADA_ETCD_ENDPOINTS": ",".join(each.endpoint for each in self.members),
                "IKADA_ETCD_CA": str(self.authority.certificate),
                "IKADA_ETCD_CERTIFICATE": str(self.certificate),
                "IKADA_ETCD_KEY": str(self.key)}
