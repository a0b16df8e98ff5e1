"""Hosts of the network tests: processes with network namespaces of their own.

The host is the namespace of the test session, `outside` is a machine on the same wire, containers
are processes that net_probe attaches to the bridge.
"""

import ctypes
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading

import pytest

import programs

PROBE = programs.BUILD / "unit" / "net_probe"
CLONE_NEWNET = 0x40000000
HOST_IP = "192.0.2.1"
OUTSIDE_IP = "192.0.2.2"
GATEWAY = "10.88.0.1"
WAIT_S = 0.4  # How long a packet that must not come is waited for.
PATIENCE_S = 30  # And one that must.

_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """A process that holds a network namespace; `inside` makes sockets there."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "echo up; exec sleep 1000"],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.process.stdout.readline()
        self.fd = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY)

    @property
    def pid(self):
        return self.process.pid

    def inside(self, function, *arguments):
        """Calls the function in a thread that is in the namespace."""
        result = []

        def body():
            if _libc.setns(self.fd, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                result.append((True, function(*arguments)))
            except OSError as error:
                result.append((False, error))

        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
        good, value = result[0]
        if not good:
            raise value
        return value

    def run(self, *command):
        programs.run("nsenter", "-n", "-t", self.pid, *command)

    def end(self):
        os.close(self.fd)
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Here:
    """The host itself, with the same face."""

    def inside(self, function, *arguments):
        return function(*arguments)


class Container(Namespace):
    """A namespace attached by net_probe, with a TCP and a UDP server on port 80."""

    def __init__(self, state, name, ports=()):
        super().__init__()
        self.id = name.ljust(64, "0")
        self.state = state
        self.probe = subprocess.Popen(
            [str(PROBE), str(state), "start", self.id, str(self.pid), *ports],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.probe.stdout.readline()
        if not line:
            message = self.probe.stderr.read()
            self.end()
            raise RuntimeError(message.strip())
        told = json.loads(line)
        self.address = told["address"]
        self.host_ports = told["host_ports"]
        self.sockets = [self.inside(tcp_server), self.inside(udp_server)]
        for server, serve in zip(self.sockets, (serve_tcp, serve_udp)):
            threading.Thread(target=serve, args=(server, name), daemon=True).start()

    def kill(self):
        """As kill -9 of the monitor and the container: nobody releases anything."""
        self.probe.kill()
        self.end()

    def end(self):
        for server in getattr(self, "sockets", ()):
            # shutdown wakes the thread that waits in accept or recvfrom.
            try:
                server.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            server.close()
        self.sockets = []
        if self.probe.poll() is None:
            self.probe.stdin.close()
            self.probe.wait(timeout=60)
        for stream in (self.probe.stdin, self.probe.stdout, self.probe.stderr):
            stream.close()
        if self.process.poll() is None:
            super().end()


def tcp_server(address="0.0.0.0", port=80):
    server = socket.create_server((address, port))
    return server


def udp_server(address="0.0.0.0", port=80):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, port))
    return server


def serve_tcp(server, name):
    """Tells each client who serves it and as whom it is seen."""
    while True:
        try:
            client, peer = server.accept()
        except OSError:
            return
        client.sendall(f"{name} {peer[0]}".encode())
        client.close()


def serve_udp(server, name):
    while True:
        try:
            _, peer = server.recvfrom(100)
            if peer is None:
                return
            server.sendto(f"{name} {peer[0]}".encode(), peer)
        except OSError:
            return


def ask_tcp(address, port, timeout=30):
    with socket.create_connection((address, port), timeout=timeout) as client:
        return client.recv(100).decode()


def ask_udp(address, port, timeout=30):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(timeout)
        client.connect((address, port))
        client.send(b"?")
        return client.recv(100).decode()


def probe(state, *words, check=True, **environment):
    return programs.run(PROBE, state, *words, check=check, env={**os.environ, **environment})


def elements(name):
    text = programs.run("nft", "-j", "list", "map", "ip", "ikada", name).stdout
    found = next(each["map"] for each in json.loads(text)["nftables"] if "map" in each)
    return found.get("elem", [])


@pytest.fixture
def host(tmp_path):
    """The state directory; takes down what the bridge network leaves on purpose."""
    yield tmp_path / "net"
    subprocess.run(["ip", "link", "delete", "ikada0"], capture_output=True, check=False)
    subprocess.run(["nft", "delete", "table", "ip", "ikada"], capture_output=True, check=False)


@pytest.fixture
def outside():
    """A machine on the host's wire, which has the host as its router."""
    machine = Namespace()
    programs.run("ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire",
                 "netns", machine.pid)
    programs.run("ip", "address", "add", f"{HOST_IP}/24", "dev", "wire")
    programs.run("ip", "link", "set", "wire", "up")
    machine.run("ip", "address", "add", f"{OUTSIDE_IP}/24", "dev", "wire")
    machine.run("ip", "link", "set", "wire", "up")
    machine.run("ip", "link", "set", "lo", "up")
    machine.run("ip", "route", "add", "default", "via", HOST_IP)
    yield machine
    programs.run("ip", "link", "delete", "wire")
    machine.end()


@pytest.fixture
def start(host):
    """Starts containers; what is still there is released at the end."""
    started = []

    def make(name, *ports):
        container = Container(host, name, ports)
        started.append(container)
        return container

    yield make
    for container in started:
        if container.process.poll() is None:
            container.end()
        probe(host, "release", container.id)
