"""The network of tasks between hosts: who reaches whom, with which packets, and who must not."""

import ipaddress
import signal
import socket
import threading
import time

import pytest

from cluster_hosts import wait_until
from gossip_members import Host
from task_network import (VXLAN_PORT, WAIT_S, TaskCluster, in_namespace, mac_bytes,
                          overlay_text, raw_socket, received, udp_packet, udp_socket, vxlan_packet)


@pytest.fixture(scope="module")
def archive(tmp_path_factory, shared_ikada, busybox_image):
    path = tmp_path_factory.mktemp("archive") / "busybox.tar"
    shared_ikada("save", "-o", path, busybox_image)
    return path


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, archive):
    made = TaskCluster(tmp_path_factory.mktemp("hosts") / "net", 3, archive)
    yield made
    made.close()


@pytest.fixture(scope="module")
def tasks(cluster, busybox_image):
    """One on each host, in the order of the hosts."""
    made = cluster.run(busybox_image, 3)
    yield sorted(made, key=lambda task: task.host.net.number)
    cluster.stop(made)


def test_tasks_reach_each_other_by_address_from_every_host(cluster, tasks, busybox_image):
    assert len({task.host for task in tasks}) == 3
    for task in tasks:
        name = "ip-" + task.address.replace(".", "-") + "\n"
        for other in tasks:
            assert other.exec("wget", "-q", "-O", "-", f"http://{task.address}/").stdout == name
        for host in cluster.hosts:
            # The host itself, and containers that are no tasks.
            assert host.run("curl", "-sS", "-m", "30", f"http://{task.address}/").stdout == name
            assert host("run", "--rm", busybox_image, "wget", "-q", "-O", "-",
                        f"http://{task.address}/").stdout == name


def test_a_task_sees_the_address_of_the_one_that_speaks(tasks):
    first, second, _ = tasks
    receiver = second.inside(udp_socket, 5000)
    first.inside(udp_socket).sendto(b"hello", (second.address, 5000))
    data, (source, _) = received(receiver)
    assert (data, source) == (b"hello", first.address)


def test_subnets_are_of_the_network_and_of_one_host_each(cluster):
    subnets = [node["subnet"] for node in cluster.inspect()]
    assert len(set(subnets)) == 3
    for subnet in subnets:
        assert ipaddress.ip_network(subnet).subnet_of(ipaddress.ip_network("10.120.0.0/16"))


def test_the_largest_packets_arrive_whole_and_larger_ones_are_refused_at_home(tasks):
    first, second, _ = tasks
    receiver = second.inside(udp_socket, 5001)
    sender = first.inside(udp_socket)
    dont_fragment, always = 10, 2  # IP_MTU_DISCOVER, IP_PMTUDISC_DO
    sender.setsockopt(socket.IPPROTO_IP, dont_fragment, always)
    largest = 1500 - 50 - 28  # Of the wire, for VXLAN, for IP and UDP.
    sender.sendto(b"x" * largest, (second.address, 5001))
    assert len(received(receiver)[0]) == largest
    with pytest.raises(OSError, match="Message too long"):
        sender.sendto(b"x" * (largest + 1), (second.address, 5001))
    # TCP finds the size by itself: nothing is lost on the wire.
    listener = second.inside(socket.create_server, ("0.0.0.0", 5002))
    client = first.inside(socket.create_connection, (second.address, 5002), 30)
    server, _ = listener.accept()
    client.settimeout(60)
    whole = b"y" * 3_000_000
    sending = threading.Thread(target=lambda: (client.sendall(whole), client.close()))
    sending.start()
    total = 0
    while data := server.recv(1 << 16):
        total += len(data)
    sending.join()
    assert total == len(whole)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_connections_outlive_the_daemons(cluster, tasks, number):
    first, _, third = tasks
    listener = third.inside(socket.create_server, ("0.0.0.0", 0))
    target = (third.address, listener.getsockname()[1])
    client = first.inside(socket.create_connection, target, 30)
    server, _ = listener.accept()
    server.settimeout(60)
    before = overlay_text(first.host)
    for host in cluster.hosts:
        host.stop(number)
        client.sendall(b"down")
        assert server.recv(4) == b"down"
    for host in cluster.hosts:
        host.start()
        client.sendall(b"up")
        assert server.recv(2) == b"up"
    wait_until(lambda: {node["State"] for node in cluster.nodes().values()} == {"connected"},
               cluster=cluster)
    client.sendall(b"done")
    assert server.recv(4) == b"done"
    assert sorted(overlay_text(first.host).split()) == sorted(before.split())


def test_a_task_speaks_with_its_own_address_only(cluster, tasks, busybox_image):
    first, second, third = tasks
    receiver = second.inside(udp_socket, 5004)
    sender = first.inside(raw_socket)

    def sends(source, **wait):
        sender.sendto(udp_packet(source, second.address, 5004, b"who?"), (second.address, 0))
        return received(receiver, **wait) is not None

    assert sends(first.address)
    gateway = str(ipaddress.ip_network(first.address + "/24", strict=False)[1])
    neighbour = str(ipaddress.ip_address(first.address) + 1)
    for forged in (third.address, second.address, gateway, neighbour, first.host.address,
                   "192.0.2.77", "127.0.0.1"):
        assert not sends(forged, wait_s=WAIT_S), forged
    assert sends(first.address)


def test_a_task_does_not_take_a_neighbours_place(cluster, tasks, busybox_image):
    """On the bridge: neither its address in ARP nor in packets, nor its MAC address."""
    more = cluster.run(busybox_image, 3)
    try:
        victim = tasks[0]
        attacker = next(task for task in more if task.host is victim.host)
        gateway = str(ipaddress.ip_network(victim.address + "/24", strict=False)[1])

        def neighbour_of():
            return victim.host.run("ip", "neigh", "show", victim.address).stdout

        victim.host.run("curl", "-sS", "-m", "30", f"http://{victim.address}/")
        before = victim.mac
        assert before in neighbour_of()

        def announce(mac, address):
            link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            link.bind(("eth0", 0))
            body = (b"\0\1\x08\0\6\4\0\2" + mac_bytes(mac) + socket.inet_aton(address)
                    + b"\xff" * 6 + socket.inet_aton(gateway))
            for _ in range(3):
                link.send(b"\xff" * 6 + mac_bytes(mac) + b"\x08\x06" + body)
            link.close()

        attacker.inside(announce, attacker.mac, victim.address)
        attacker.inside(announce, victim.mac, victim.address)
        time.sleep(0.2)
        assert before in neighbour_of()
        name = "ip-" + victim.address.replace(".", "-") + "\n"
        assert victim.host.run("curl", "-sS", "-m", "30",
                               f"http://{victim.address}/").stdout == name
        # Its own announcements pass.
        attacker.inside(announce, attacker.mac, attacker.address)
    finally:
        cluster.stop(more)


def test_nobody_forges_what_comes_from_another_host(cluster, tasks):
    first, second, third = tasks
    subnets = {host: subnet for host, subnet in cluster.nodes_with_subnets()}
    receiver = second.inside(udp_socket, 5005)
    inner = udp_packet(third.address, second.address, 5005, b"forged")
    packet = vxlan_packet(subnets[second.host], inner)
    target = (second.host.address, VXLAN_PORT)
    # That a host of the cluster can shows that the packet is right.
    in_namespace(third.host.net.pid, udp_socket).sendto(packet, target)
    assert received(receiver)[0] == b"forged"
    # A task, a container that is none, and a host that is in no cluster.
    first.inside(udp_socket).sendto(packet, target)
    assert received(receiver, WAIT_S) is None
    second.inside(udp_socket).sendto(packet, target)
    assert received(receiver, WAIT_S) is None
    stranger = Host(77)
    try:
        in_namespace(stranger.pid, udp_socket).sendto(packet, target)
        assert received(receiver, WAIT_S) is None
        # Nor is it let in by its own route.
        stranger.run("ip", "route", "add", "10.120.0.0/16", "via", second.host.address)
        in_namespace(stranger.pid, udp_socket).sendto(b"routed", (second.address, 5005))
        assert received(receiver, WAIT_S) is None
    finally:
        stranger.end()


def test_what_a_task_reaches_of_its_host(cluster, tasks):
    """As from another machine: what listens on all addresses, and not what is on loopback."""
    first, _, _ = tasks
    gateway = str(ipaddress.ip_network(first.address + "/24", strict=False)[1])
    local = in_namespace(first.host.net.pid, socket.create_server, ("127.0.0.1", 5006))
    for address in (gateway, first.host.address):
        with pytest.raises(OSError):
            first.inside(socket.create_connection, (address, 5006), 1)
    local.close()
    for port in (7439, 5006):
        with pytest.raises(OSError):
            first.inside(socket.create_connection, (gateway, port), 1)
    everywhere = in_namespace(first.host.net.pid, socket.create_server, ("0.0.0.0", 5007))
    first.inside(socket.create_connection, (gateway, 5007), 30).close()
    everywhere.close()


def test_what_is_flushed_or_taken_away_comes_back(cluster, tasks):
    first, second, _ = tasks
    before = sorted(overlay_text(first.host).split())
    first.host.run("nft", "flush", "ruleset")
    first.host.run("ip", "link", "delete", "ikada-vxlan")
    wait_until(lambda: sorted(overlay_text(first.host).split()) == before, 60, cluster)
    second.exec("wget", "-q", "-O", "-", f"http://{first.address}/")
    first.exec("wget", "-q", "-O", "-", f"http://{second.address}/")
