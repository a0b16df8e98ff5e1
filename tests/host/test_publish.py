"""Published ports and names, through ikada itself."""

import json
import re
import socket
import time
import urllib.request

import pytest

import leaks

SERVER = ("sh", "-c", "mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 80 -h /www")


@pytest.fixture
def serve(shared_ikada, busybox_image):
    """serve("name", …options) → a web server on the bridge; removed at the end."""
    names = []

    def call(name, *options):
        names.append(name)
        shared_ikada("run", "-d", "--init", "--name", name, "--hostname", name, *options,
                     busybox_image, *SERVER)
        return shared_ikada.inspect(name)
    yield call
    for name in names:
        shared_ikada("rm", "-f", name, check=False)


def fetch(address, port):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"http://{address}:{port}/", timeout=30) as answer:
                return answer.read().decode().strip()
        except OSError:  # The server is still starting.
            time.sleep(0.05)
    raise AssertionError(f"nobody answers on {address}:{port}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("", 0))
        return probe.getsockname()[1]


def test_a_published_port_answers_on_the_host_and_on_the_bridge(shared_ikada, serve):
    port = free_port()

    found = serve("web-a", "-p", f"{port}:80")

    assert fetch("127.0.0.1", port) == "web-a"
    assert fetch(found["NetworkSettings"]["IPAddress"], 80) == "web-a"
    assert found["NetworkSettings"]["Ports"] == {
        "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(port)}]}
    row = json.loads(shared_ikada("ps", "-f", "name=web-a", "--format", "json").stdout)
    assert row["Ports"] == f"0.0.0.0:{port}->80/tcp"


def test_a_port_of_0_is_chosen_and_shown(shared_ikada, serve):
    found = serve("web-b", "-p", "80")

    port = int(found["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"])
    assert fetch("127.0.0.1", port) == "web-b"


def test_all_exposed_ports_are_published(shared_ikada, serve):
    found = serve("web-c", "-P", "--expose", "80", "--expose", "53/udp")

    ports = found["NetworkSettings"]["Ports"]
    assert set(ports) == {"80/tcp", "53/udp"}
    assert fetch("127.0.0.1", int(ports["80/tcp"][0]["HostPort"])) == "web-c"


def test_three_copies_are_three(shared_ikada, serve):
    ports = [free_port() for _ in range(3)]
    for number, port in enumerate(ports):
        serve(f"copy-{number}", "-p", f"127.0.0.1:{port}:80")

    assert [fetch("127.0.0.1", port) for port in ports] == ["copy-0", "copy-1", "copy-2"]


def test_a_port_in_use_is_said_so_and_leaves_nothing(shared_ikada, serve, busybox_image):
    port = free_port()
    serve("first", "-p", f"{port}:80")
    assert fetch("127.0.0.1", port) == "first"
    before, containers = leaks.snapshot(), shared_ikada.containers()

    result = shared_ikada("run", "-d", "--name", "second", "-p", f"{port}:80", busybox_image,
                          "true", check=False)

    assert result.returncode == 125
    assert re.fullmatch(rf"ikada run: .*Bind for 0\.0\.0\.0:{port} failed: port is already "
                        r"allocated\n", result.stderr)
    assert shared_ikada.containers() == containers
    leaks.check(before)


def test_a_port_is_free_again_after_the_container(shared_ikada, serve):
    port = free_port()
    serve("holder", "-p", f"{port}:80")
    shared_ikada("stop", "-t", "0", "holder")

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))

    shared_ikada("start", "holder")
    assert fetch("127.0.0.1", port) == "holder"


def test_a_port_is_free_for_each_restart(shared_ikada, serve):
    serve("again", "-p", f"{free_port()}:80")
    for _ in range(100):
        shared_ikada("restart", "-t", "0", "again")


def test_a_container_knows_its_own_name_and_reaches_its_neighbour(shared_ikada, serve,
                                                                  busybox_image):
    address = serve("neighbour")["NetworkSettings"]["IPAddress"]
    assert fetch(address, 80) == "neighbour"

    result = shared_ikada("run", "--rm", "--hostname", "asker", busybox_image, "sh", "-c",
                          f"grep asker /etc/hosts; wget -q -O - http://{address}/")

    lines = result.stdout.splitlines()
    assert re.fullmatch(r"10\.88\.\d+\.\d+\tasker", lines[0])
    assert lines[1] == "neighbour"


def test_the_hosts_network_is_the_hosts(shared_ikada, busybox_image):
    result = shared_ikada("run", "--rm", "--network", "host", busybox_image, "hostname")

    assert result.stdout.strip() == socket.gethostname()
