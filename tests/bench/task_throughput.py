"""How much TCP carries between tasks on two hosts, beside VXLAN set up by hand on the same wire.

Two hosts are network namespaces on one bridge. By hand there is a VXLAN device on each, once with
an address in the hosts' own namespaces, and once on a bridge with a veth pair into a namespace, as
a task has one. The same two processes send and receive.
"""

import ipaddress
import statistics
import subprocess
import sys

from net_hosts import Namespace
from task_network import TaskCluster

SECONDS, SECONDS_QUICK = 2, 1
ROUNDS, ROUNDS_QUICK = 15, 5
HAND_VNI, HAND_PORT = 99, 4790

RECEIVER = """
import socket, sys, time
listener = socket.create_server((sys.argv[1], 0))
print(listener.getsockname()[1], flush=True)
peer, _ = listener.accept()
buffer, total = bytearray(1 << 20), 0
start = time.monotonic()
while count := peer.recv_into(buffer):
    total += count
print(total / (time.monotonic() - start))
"""
SENDER = """
import socket, sys, time
target = socket.create_connection((sys.argv[1], int(sys.argv[2])))
data = bytes(1 << 18)
end = time.monotonic() + float(sys.argv[3])
while time.monotonic() < end:
    target.sendall(data)
"""


def measure(source, target, address, seconds):
    """Bytes a second from the network namespace of one process to that of another."""
    def inside(pid, program, *arguments):
        return subprocess.Popen(
            ["nsenter", "-n", "-t", str(pid), sys.executable, "-c", program,
             *map(str, arguments)], stdout=subprocess.PIPE, text=True)

    receiver = inside(target, RECEIVER, address)
    port = receiver.stdout.readline().strip()
    sender = inside(source, SENDER, address, port, seconds)
    rate = float(receiver.stdout.readline())
    if sender.wait() or receiver.wait():
        raise SystemExit("bench: sending failed")
    return rate


def ip(host, text):
    host.run("ip", *text.split())


def vxlan_between_hosts(hosts):
    """Plain: a device with an address on each."""
    for host, other, number in ((hosts[0], hosts[1], 1), (hosts[1], hosts[0], 2)):
        ip(host, f"link add hand0 type vxlan id {HAND_VNI} local {host.address} "
                 f"remote {other.address} dstport {HAND_PORT}")
        ip(host, f"address add 10.250.0.{number}/24 dev hand0")
        ip(host, "link set hand0 up")
    return hosts[0].net.pid, hosts[1].net.pid, "10.250.0.2"


def vxlan_between_namespaces(hosts):
    """The same with what a container needs: a bridge, and a veth pair into its namespace."""
    spaces = [Namespace(), Namespace()]
    for host, other, space, number in ((hosts[0], hosts[1], spaces[0], 1),
                                       (hosts[1], hosts[0], spaces[1], 2)):
        ip(host, f"link add hand1 type vxlan id {HAND_VNI + 1} local {host.address} "
                 f"remote {other.address} dstport {HAND_PORT}")
        ip(host, "link add hand2 type bridge")
        ip(host, f"link add hand3 mtu 1450 type veth peer name eth0 mtu 1450 netns {space.pid}")
        for link in ("hand1", "hand3"):
            ip(host, f"link set {link} master hand2")
        for link in ("hand1", "hand2", "hand3"):
            ip(host, f"link set {link} up")
        space.run("ip", "address", "add", f"10.251.0.{number}/24", "dev", "eth0")
        space.run("ip", "link", "set", "eth0", "up")
    return spaces, (spaces[0].pid, spaces[1].pid, "10.251.0.2")


def run(scratch, image, archive, quick):
    rounds = ROUNDS_QUICK if quick else ROUNDS
    seconds = SECONDS_QUICK if quick else SECONDS
    cluster = TaskCluster(scratch / "net", 2, archive)
    spaces = []
    try:
        tasks = sorted(cluster.run(image, 2, "sleep 1000"),
                       key=lambda task: ipaddress.ip_address(task.address))
        spaces, between_namespaces = vxlan_between_namespaces(cluster.hosts)
        ways = {"tasks on two hosts": (tasks[0].pid, tasks[1].pid, tasks[1].address),
                "by hand, namespaces on bridges": between_namespaces,
                "by hand, between the hosts": vxlan_between_hosts(cluster.hosts)}
        rates = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                rates[name].append(measure(*way, seconds))
    finally:
        for space in spaces:
            space.end()
        cluster.close()
    own = rates["tasks on two hosts"]
    print(f"  {'TCP over VXLAN, one connection':44}{'Gbit/s':>8}{'ikada has':>12}")
    for name, each in rates.items():
        ratio = statistics.median(mine / theirs for mine, theirs in zip(own, each))
        print(f"  {name:44}{statistics.median(each) * 8 / 1e9:8.2f}{ratio:12.2f}")
