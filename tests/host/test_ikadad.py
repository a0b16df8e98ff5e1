"""ikadad: answers on its unix socket, is alone, stops cleanly."""

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import time

import pytest

import programs


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Daemon:
    def __init__(self, run_root, **environment):
        self.socket = run_root / "ikadad.sock"
        self.process = subprocess.Popen(
            [programs.IKADAD, "--run-root", run_root], stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})

    def wait_until_it_answers(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.get("/healthz")
            except OSError:
                assert self.process.poll() is None, self.process.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.01)

    def request(self, method, path, **options):
        connection = UnixConnection(self.socket)
        try:
            connection.request(method, path, **options)
            response = connection.getresponse()
            return response.status, response.read(), response.headers
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)[:2]

    def raw(self, data):
        """Everything that comes back for these bytes."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(60)
            client.connect(str(self.socket))
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while chunk := client.recv(65536):
                    answer += chunk
            except ConnectionResetError:
                pass
            return answer

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=30)


@pytest.fixture
def daemon(tmp_path):
    started = Daemon(tmp_path / "run")
    started.wait_until_it_answers()
    yield started
    started.stop(signal.SIGKILL)


def test_it_answers_healthz_and_version(daemon):
    assert daemon.get("/healthz") == (200, b'{"status":"ok"}\n')
    status, body = daemon.get("/version")

    assert status == 200
    assert json.loads(body)["version"] in programs.run(programs.IKADAD, "--version").stdout


def test_only_root_can_reach_the_socket(daemon):
    assert stat.S_IMODE(daemon.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(daemon.socket.parent.stat().st_mode) == 0o700


def test_one_connection_serves_several_requests(daemon):
    connection = UnixConnection(daemon.socket)
    for _ in range(3):
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b'{"status":"ok"}\n'
    connection.close()


def test_what_it_does_not_know_is_refused(daemon):
    assert daemon.request("GET", "/nothing")[0] == 404
    status, _, headers = daemon.request("POST", "/healthz", body=b"{}")
    assert (status, headers["Allow"]) == (405, "GET")
    assert b" 400 " in daemon.raw(b"nonsense\r\n\r\n").split(b"\r\n")[0]


def test_large_requests_are_refused(daemon):
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20000 + b"\r\n\r\n"
    assert b" 431 " in daemon.raw(head).split(b"\r\n")[0]
    body = b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n"
    assert b" 413 " in daemon.raw(body).split(b"\r\n")[0]
    assert daemon.get("/healthz")[0] == 200


def test_many_silent_connections_do_not_block_a_later_one(daemon):
    silent = []
    for _ in range(200):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(daemon.socket))
        silent.append(client)
    for client in silent:
        client.close()
    deadline = time.monotonic() + 60
    while True:
        try:
            assert daemon.get("/healthz")[0] == 200
            break
        except (OSError, http.client.HTTPException):
            assert time.monotonic() < deadline


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_with_a_connection_open(daemon, number):
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(daemon.socket))
    client.sendall(b"GET /hea")
    daemon.get("/healthz")

    assert daemon.stop(number) == 0
    assert not daemon.socket.exists()
    assert "daemon stopped" in daemon.process.stderr.read()
    client.close()


def test_a_second_one_is_refused_and_harms_nothing(daemon):
    second = programs.run(programs.IKADAD, "--run-root", daemon.socket.parent, check=False)

    assert second.returncode == 1
    assert second.stderr == f"ikadad: another ikadad serves {daemon.socket}\n"
    assert daemon.get("/healthz")[0] == 200


def test_the_socket_of_a_killed_one_is_replaced(tmp_path):
    first = Daemon(tmp_path)
    first.wait_until_it_answers()
    first.stop(signal.SIGKILL)
    assert first.socket.exists()

    second = Daemon(tmp_path)
    second.wait_until_it_answers()

    assert second.stop() == 0


def test_a_file_in_the_sockets_place_is_left_alone(tmp_path):
    (tmp_path / "ikadad.sock").write_text("mine")

    result = programs.run(programs.IKADAD, "--run-root", tmp_path, check=False)

    assert result.returncode == 1
    assert "is in the way: it is no socket" in result.stderr
    assert (tmp_path / "ikadad.sock").read_text() == "mine"


def test_the_service_manager_is_told(tmp_path):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "notify"))
    manager.settimeout(60)

    started = Daemon(tmp_path / "run", NOTIFY_SOCKET=str(tmp_path / "notify"))
    assert manager.recv(100) == b"READY=1"
    assert started.get("/healthz")[0] == 200
    assert started.stop() == 0
    assert manager.recv(100) == b"STOPPING=1"
    manager.close()


def test_a_bad_flag_is_a_usage_error():
    result = programs.run(programs.IKADAD, "--nonsense", check=False)

    assert result.returncode == 2
    assert result.stderr.startswith("ikadad: ")
    assert result.stderr.count("\n") == 1
