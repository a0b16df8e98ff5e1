"""Certificates of listeners that are renewed under load, across a killed daemon, and restored."""

import http.client
import signal
import socket
import ssl
import threading
import time

import pytest

import programs
from certificate_listeners import Listeners
from cluster_hosts import wait_until

LIFETIME_S = 24
NAME = "web.example.com"


@pytest.fixture
def make(tmp_path):
    made = []

    def start(**options):
        made.append(Listeners(tmp_path / "hosts", **options))
        return made[-1]

    yield start
    for each in made:
        each.close()


class TlsLoad:
    """Requests that verify the certificate, each on a connection of its own but for one thread's,
    which keeps its connection."""

    def __init__(self, address, authority):
        self._context = ssl.create_default_context(cafile=str(authority))
        self._address = address
        self._stop = threading.Event()
        self.failures = []
        self.requests = 0
        self.serials = []  # In the order in which they were first seen.
        self._threads = [threading.Thread(target=self._work, args=(keeps,), daemon=True)
                         for keeps in (True, False, False)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=20)

    def _connect(self):
        plain = socket.create_connection((self._address, 443), timeout=10)
        connection = http.client.HTTPSConnection(NAME, timeout=10)
        connection.sock = self._context.wrap_socket(plain, server_hostname=NAME)
        serial = connection.sock.getpeercert()["serialNumber"]
        if serial not in self.serials:
            self.serials.append(serial)
        return connection

    def _work(self, keeps):
        connection = None
        while not self._stop.is_set():
            try:
                connection = connection or self._connect()
                connection.request("GET", "/")
                answer = connection.getresponse()
                if answer.read() != b"here":
                    self.failures.append(answer.status)
                self.requests += 1
                if not keeps or answer.will_close:
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection = None
            time.sleep(0.01)


def private_lines(pem):
    text = pem.read_text().partition("-----BEGIN PRIVATE KEY-----\n")[2]
    return [line.encode() for line in text.splitlines() if "-----" not in line]


@pytest.mark.timeout(240)
def test_a_certificate_is_renewed_under_load_and_across_a_killed_daemon(make):
    listeners = make(certificate_lifetime_seconds=LIFETIME_S)
    arn = listeners.aws("acm", "request-certificate", "--domain-name", NAME)["CertificateArn"]
    listeners.listen(arn)
    listeners.wait_for(NAME)
    # The key is in memory alone, for root; the store has it sealed.
    lines = private_lines(listeners.files(listeners.manager)[0])
    assert lines
    for path in (listeners.manager.root / "cluster").glob("store.db*"):
        assert not any(line in path.read_bytes() for line in lines)

    with TlsLoad(listeners.manager.address, listeners.authority) as load:
        wait_until(lambda: len(load.serials) == 2, 4 * LIFETIME_S, listeners.cluster)
        listeners.manager.stop(signal.SIGKILL)
        time.sleep(1)
        listeners.manager.start()
        wait_until(lambda: len(load.serials) == 3, 4 * LIFETIME_S, listeners.cluster)

    assert load.failures == []
    assert load.requests > 200
    assert "certificates of listeners renewed" in listeners.manager.log.read_text()
    shown = listeners.acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert shown["RenewalSummary"]["RenewalStatus"] == "SUCCESS"


@pytest.mark.timeout(240)
def test_a_backup_has_the_certificates_and_their_keys(make, tmp_path):
    listeners = make(spares=1)
    manager, spare = listeners.cluster.hosts
    arn = listeners.acm.request_certificate(DomainName=NAME)["CertificateArn"]
    listeners.listen(arn)
    listeners.wait_for(NAME)
    kept = listeners.files(manager)[0].read_bytes()
    manager("cluster", "backup", tmp_path / "backup")
    manager.stop(signal.SIGKILL)
    programs.end_proxy(manager.run_root)

    spare("cluster", "restore", tmp_path / "backup", "--advertise-addr", spare.address)

    listeners.wait_for(NAME, host=spare)
    assert listeners.files(spare)[0].read_bytes() == kept
