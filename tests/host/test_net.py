"""net/: bridge, addresses, published ports and isolation, packets really sent; see net_hosts.py."""

import json
import os
import pathlib
import socket
import subprocess
import threading

import pytest

import programs
from net_hosts import host, outside, start  # noqa: F401 (fixtures)
from net_hosts import (GATEWAY, HOST_IP, OUTSIDE_IP, PATIENCE_S, PROBE, WAIT_S, Here,
                       Namespace, ask_tcp, ask_udp, elements, probe, serve_tcp, tcp_server,
                       udp_server)

WEB = ",8080,80,tcp"
ECHO = ",8080,80,udp"


def test_a_container_has_address_route_and_neighbours(start):
    one, two = start("one"), start("two")

    assert (one.address, two.address) == ("10.88.0.2", "10.88.0.3")
    assert one.inside(ask_tcp, two.address, 80) == f"two {one.address}"
    assert Here().inside(ask_tcp, one.address, 80) == f"one {GATEWAY}"
    told = programs.run("nsenter", "-n", "-t", one.pid, "ip", "-j", "address", "show", "eth0")
    eth0 = json.loads(told.stdout)[0]
    assert eth0["address"] == "02:42:0a:58:00:02"
    assert eth0["operstate"] == "UP"
    host_end = json.loads(programs.run("ip", "-j", "address", "show", "vkone0000000").stdout)[0]
    assert host_end["master"] == "ikada0" and host_end["addr_info"] == []


@pytest.mark.parametrize("ask, port", [(ask_tcp, WEB), (ask_udp, ECHO)], ids=["tcp", "udp"])
def test_a_published_port_answers_from_everywhere(start, outside, ask, port):
    web, neighbour = start("web", port), start("neighbour")

    assert outside.inside(ask, HOST_IP, 8080) == f"web {OUTSIDE_IP}"
    for address in ("127.0.0.1", "127.9.9.9", HOST_IP, GATEWAY):
        assert ask(address, 8080).startswith("web "), address
    for address in (HOST_IP, GATEWAY):
        assert neighbour.inside(ask, address, 8080).startswith("web "), address
        assert web.inside(ask, address, 8080).startswith("web "), address


def test_a_container_reaches_the_outside_as_the_host(start, outside):
    server = outside.inside(tcp_server)
    threading.Thread(target=serve_tcp, args=(server, "outside"), daemon=True).start()
    container = start("one", ",80,80,tcp")

    # The port is published on this host; another machine's same port is meant as it is said.
    assert container.inside(ask_tcp, OUTSIDE_IP, 80) == f"outside {HOST_IP}"
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def test_a_mapping_of_one_host_address_answers_there_only(start, outside):
    start("web", f"{HOST_IP},8080,80,tcp")

    assert outside.inside(ask_tcp, HOST_IP, 8080) == f"web {OUTSIDE_IP}"
    assert ask_tcp(HOST_IP, 8080).startswith("web ")
    with pytest.raises(ConnectionRefusedError):
        ask_tcp("127.0.0.1", 8080)


def test_a_mapping_of_127_0_0_1_is_for_the_host_alone(start, outside):
    web = start("web", "127.0.0.1,8080,80,tcp")
    neighbour = start("neighbour")

    assert ask_tcp("127.0.0.1", 8080).startswith("web ")
    for place in (outside, neighbour, web):
        with pytest.raises(OSError):
            place.inside(ask_tcp, HOST_IP, 8080, WAIT_S)


def _forge(interface, mac, source, destination, port):
    """Sends one UDP packet as a frame, so that no routing table of the sender is asked."""
    def checksum(data):
        total = sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data), 2))
        total = (total & 0xffff) + (total >> 16)
        return (~(total + (total >> 16)) & 0xffff).to_bytes(2, "big")

    payload = b"forged"
    udp = (4444).to_bytes(2, "big") + port.to_bytes(2, "big") + \
        (8 + len(payload)).to_bytes(2, "big") + b"\0\0" + payload
    head = b"\x45\0" + (20 + len(udp)).to_bytes(2, "big") + b"\0\1\0\0\x40\x11"
    ends = socket.inet_aton(source) + socket.inet_aton(destination)
    packet = head + checksum(head + b"\0\0" + ends) + ends + udp
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((interface, 0))
        raw.send(bytes.fromhex(mac.replace(":", "")) + raw.getsockname()[4] + b"\x08\x00" + packet)


def _mac(interface):
    return json.loads(programs.run("ip", "-j", "link", "show", interface).stdout)[0]["address"]


def _hears(server, wait_s=WAIT_S):
    server.settimeout(wait_s)
    try:
        return server.recvfrom(100)[0] == b"forged"
    except TimeoutError:
        return False


def test_packets_to_127_0_0_1_from_others_are_dropped(start, outside):
    """CVE-2020-8558: route_localnet must not open the host's loopback services."""
    container = start("one", "127.0.0.1,8081,81,udp")
    with udp_server("127.0.0.1", 5353) as service, udp_server("0.0.0.0", 5354) as open_service:
        # The forger works: what is addressed to the host's own address arrives.
        container.inside(_forge, "eth0", _mac("ikada0"), container.address, GATEWAY, 5354)
        assert _hears(open_service, PATIENCE_S)
        outside.inside(_forge, "wire", _mac("wire"), OUTSIDE_IP, HOST_IP, 5354)
        assert _hears(open_service, PATIENCE_S)

        for port, server in ((5353, service), (5354, open_service)):
            container.inside(_forge, "eth0", _mac("ikada0"), container.address, "127.0.0.1", port)
            assert not _hears(server)
            outside.inside(_forge, "wire", _mac("wire"), OUTSIDE_IP, "127.0.0.1", port)
            assert not _hears(server)
            # And nobody passes for the host itself.
            container.inside(_forge, "eth0", _mac("ikada0"), "127.0.0.1", GATEWAY, port)
            assert not _hears(server)

    with container.inside(udp_server, "0.0.0.0", 81) as mapped:
        outside.inside(_forge, "wire", _mac("wire"), OUTSIDE_IP, "127.0.0.1", 8081)
        assert not _hears(mapped)


def test_what_is_not_published_cannot_be_reached_from_outside(start, outside):
    one = start("one", ",8080,80,tcp")

    with pytest.raises(OSError):
        outside.inside(ask_tcp, one.address, 80, WAIT_S)
    assert outside.inside(ask_tcp, HOST_IP, 8080) == f"one {OUTSIDE_IP}"


def test_the_bridge_listens_to_no_router_advertisement(start):
    start("one")

    for name, value in (("accept_ra", "0"), ("disable_ipv6", "1")):
        path = pathlib.Path(f"/proc/sys/net/ipv6/conf/ikada0/{name}")
        if path.exists():
            assert path.read_text().strip() == value
    assert pathlib.Path("/proc/sys/net/ipv4/conf/all/route_localnet").read_text().strip() == "0"


def test_a_port_of_another_container_is_already_allocated(start):
    start("one", WEB)

    for taken in (WEB, "127.0.0.1,8080,80,tcp"):
        with pytest.raises(RuntimeError) as refused:
            start("two", taken)
        address = taken.split(",")[0] or "0.0.0.0"
        expected = f"Bind for {address}:8080 failed: port is already allocated"
        assert str(refused.value) == f"net_probe: {expected}"
    start("three", ECHO)
    assert len(elements("ports")) == 2


def test_a_port_of_another_program_is_in_use(start):
    with tcp_server("0.0.0.0", 8080):
        with pytest.raises(RuntimeError) as refused:
            start("one", WEB)
    assert str(refused.value) == \
        "net_probe: listen tcp4 0.0.0.0:8080: bind: address already in use"


def test_an_address_that_the_host_does_not_have_is_refused(start):
    with pytest.raises(RuntimeError) as refused:
        start("one", "198.51.100.1,8080,80,tcp")
    assert str(refused.value) == \
        "net_probe: listen tcp4 198.51.100.1:8080: bind: cannot assign requested address"


def test_a_port_with_only_old_connections_can_be_taken(start):
    server = tcp_server("127.0.0.1", 8080)
    client = socket.create_connection(("127.0.0.1", 8080))
    accepted, _ = server.accept()
    accepted.close()  # The side that closes first keeps the port in TIME_WAIT.
    client.recv(1)
    client.close()
    server.close()

    start("one", WEB)
    assert ask_tcp("127.0.0.1", 8080).startswith("one ")
    with pytest.raises(OSError):
        tcp_server("0.0.0.0", 8080).close()
    with pytest.raises(RuntimeError, match="port is already allocated"):
        start("two", WEB)


def test_a_held_port_can_be_bound_by_nobody(start):
    start("one", ",8085,80,tcp", ",8085,80,udp")

    for make in (tcp_server, udp_server):
        with pytest.raises(OSError):
            make("0.0.0.0", 8085).close()
        with pytest.raises(OSError):
            make("127.0.0.1", 8085).close()


def test_port_0_is_chosen_from_the_ephemeral_range(start):
    one = start("one", ",0,80,tcp", ",0,80,udp")

    low, high = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert all(low <= port <= high for port in one.host_ports)
    assert ask_tcp("127.0.0.1", one.host_ports[0]).startswith("one ")
    assert ask_udp("127.0.0.1", one.host_ports[1]).startswith("one ")


def test_release_takes_everything_of_one_container(start, host):
    one, two = start("one", WEB, "127.0.0.1,8081,80,tcp"), start("two", ",8082,80,tcp")

    one.end()
    probe(host, "release", one.id)
    probe(host, "release", one.id)

    assert len(elements("ports")) == 1 and elements("address_ports") == []
    assert sorted(os.listdir(host / "ikada0" / "addresses")) == [two.address]
    assert os.listdir(host / "ikada0" / "ports") == ["tcp-0.0.0.0-8082"]
    assert ask_tcp("127.0.0.1", 8082).startswith("two ")
    with pytest.raises(ConnectionRefusedError):
        ask_tcp("127.0.0.1", 8080)
    assert start("three", WEB).address == "10.88.0.4"


def test_release_removes_a_veth_pair_whose_namespace_lives_on(start, host):
    one = start("one")

    probe(host, "release", one.id)

    links = programs.run("ip", "-o", "link").stdout
    assert "vkone" not in links


def test_leftovers_of_killed_processes_are_released(start, host):
    one, two = start("one", WEB), start("two", ",8082,80,tcp")

    one.kill()
    probe(host, "release-stale", two.id)

    assert len(elements("ports")) == 1
    start("three", WEB)
    assert ask_tcp("127.0.0.1", 8080).startswith("three ")
    assert ask_tcp("127.0.0.1", 8082).startswith("two ")


def test_a_udp_client_that_goes_on_reaches_the_next_container(start, host, outside):
    def client():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("0.0.0.0", 5555))
        return sock

    def ask(sock, wait_s=PATIENCE_S):
        sock.settimeout(wait_s)
        sock.sendto(b"?", (HOST_IP, 8080))
        try:
            return sock.recv(100).decode()
        except (TimeoutError, ConnectionRefusedError):
            return None

    with outside.inside(client) as sock:
        assert ask(sock, WAIT_S) is None
        one = start("one", ECHO)
        assert ask(sock) == f"one {OUTSIDE_IP}"
        one.end()
        probe(host, "release", one.id)
        start("two", ECHO)
        assert ask(sock) == f"two {OUTSIDE_IP}"


@pytest.mark.parametrize("flush", [("flush", "ruleset"), ("flush", "table", "ip", "ikada")])
def test_a_flushed_table_comes_back_with_its_ports(start, host, flush):
    start("one", WEB, "127.0.0.1,8081,80,tcp")
    programs.run("nft", *flush)

    probe(host, "ensure")

    assert ask_tcp("127.0.0.1", 8080).startswith("one ")
    assert ask_tcp("127.0.0.1", 8081).startswith("one ")


def test_release_after_a_flush_is_no_error(start, host):
    one = start("one", WEB)
    programs.run("nft", "flush", "ruleset")

    one.end()
    probe(host, "release", one.id)

    assert os.listdir(host / "ikada0" / "ports") == []


def test_a_second_network_is_apart_and_survives_a_flush(start, host):
    probe(host, "ensure", NET_PROBE_BRIDGE="other0", NET_PROBE_SUBNET="10.89.0.0/24")
    one = start("one", WEB)
    try:
        names = programs.run("nft", "list", "set", "ip", "ikada", "bridges").stdout
        assert '"ikada0"' in names and '"other0"' in names
    finally:
        programs.run("ip", "link", "delete", "other0")
    assert ask_tcp(one.address, 80).startswith("one ")


def test_20_reservations_at_once_are_20_addresses(host):
    running = [subprocess.Popen([PROBE, host, "address", f"id{i}"], stdout=subprocess.PIPE)
               for i in range(20)]
    addresses = [each.communicate(timeout=60)[0].decode().strip() for each in running]

    assert sorted(addresses, key=socket.inet_aton) == [f"10.88.0.{i}" for i in range(2, 22)]


def test_20_starts_at_once(host):
    ids = [f"{i:010d}".ljust(64, "f") for i in range(20)]
    spaces = [Namespace() for _ in ids]
    running = [subprocess.Popen(
        [PROBE, host, "start", ids[i], str(spaces[i].pid), f",{9000 + i},80,tcp"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for i in range(20)]
    try:
        addresses = {json.loads(each.stdout.readline())["address"] for each in running}
        assert len(addresses) == 20
        assert len(elements("ports")) == 20
    finally:
        for each in running:
            each.communicate(timeout=60)
        for space in spaces:
            space.end()
        probe(host, "release-stale")
    assert elements("ports") == []
    assert os.listdir(host / "ikada0" / "addresses") == []


def test_a_taken_interface_name_is_refused_and_nothing_is_left(start, host):
    start("one")
    other = Namespace()
    refused = probe(host, "start", "one0000000-and-more", str(other.pid), check=False)
    links = json.loads(programs.run("nsenter", "-n", "-t", other.pid, "ip", "-j", "link").stdout)
    other.end()

    assert refused.returncode == 1 and "File exists" in refused.stderr
    assert [link["ifname"] for link in links] == ["lo"]
    probe(host, "release", "one0000000-and-more")


def test_an_existing_interface_that_is_no_bridge_is_not_taken(host):
    programs.run("ip", "link", "add", "ikada0", "type", "veth", "peer", "name", "ikada1")

    refused = probe(host, "ensure", check=False)

    assert refused.stderr == "net_probe: interface ikada0 exists and is no bridge\n"


def test_ensure_is_quick_when_all_is_there(host):
    probe(host, "ensure")

    assert int(probe(host, "time-ensure", "200").stdout) < 1000
    assert int(probe(host, "time-publish", "50").stdout) < 5000
    for i in range(50):
        probe(host, "release", f"timed{i}")
