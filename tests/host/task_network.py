"""Tasks in mode awsvpc on the hosts of a cluster, and packets of their own making between them."""

import ctypes
import ipaddress
import os
import socket
import struct
import threading

import cluster_hosts

POOL = "10.120.0.0/16"
VNI = 7440
VXLAN_PORT = 4789
CLONE_NEWNET = 0x40000000
WAIT_S = 0.5  # How long a packet that must not come is waited for.
PATIENCE_S = 30  # And one that must.
SERVER = ("mkdir -p /tmp/www; hostname > /tmp/www/index.html; exec httpd -f -p 80 -h /tmp/www")

_libc = ctypes.CDLL(None, use_errno=True)


class Task:
    """One that runs; `inside` calls a function in its network namespace."""

    def __init__(self, cluster, described):
        self.arn = described["taskArn"]
        self.described = described
        details = {each["name"]: each["value"] for each in described["attachments"][0]["details"]}
        self.address = details["privateIPv4Address"]
        self.mac = details["macAddress"]
        nodes = cluster.nodes_with_subnets()
        self.host = next(host for host, subnet in nodes if ipaddress.ip_address(self.address)
                         in ipaddress.ip_network(subnet))
        self.container = described["containers"][0]["runtimeId"]
        self.pid = int(self.host("inspect", "-f", "{{.State.Pid}}", self.container).stdout)

    def inside(self, function, *arguments):
        return in_namespace(self.pid, function, *arguments)

    def exec(self, *command, **options):
        return self.host("exec", self.container, *command, **options)


class TaskCluster(cluster_hosts.Cluster):
    """Hosts that are all in the cluster, with an image."""

    def __init__(self, directory, count, archive, agents=()):
        super().__init__(directory, count, archive, agents)
        self.init()
        for host in self.hosts[1:]:
            self.join(host)
        cluster_hosts.wait_until(lambda: cluster_hosts.instances(self) == count, cluster=self)

    def nodes_with_subnets(self):
        by_address = {host.address: host for host in self.hosts}
        return [(by_address[node["address"]], node["subnet"]) for node in self.inspect()
                if node["address"] in by_address]

    def run(self, image, count, script=SERVER):
        """Tasks with addresses of their own, spread over the hosts, that serve already."""
        tasks = [Task(self, each) for each in start_tasks(self, image, count, script)]
        if script == SERVER:
            for each in tasks:
                cluster_hosts.wait_until(lambda task=each: task.inside(is_serving), cluster=self)
        return tasks

    def stop(self, tasks):
        for task in tasks:
            self.manager.api("StopTask", task=task.arn)
        cluster_hosts.wait_tasks(self, [task.arn for task in tasks], "STOPPED")


def start_tasks(cluster, image, count, script=SERVER):
    """As DescribeTasks shows them when they run."""
    cluster.manager.api(
        "RegisterTaskDefinition", family="vpc", networkMode="awsvpc",
        containerDefinitions=[{"name": "app", "image": image, "memory": 16, "stopTimeout": 0,
                               "command": ["sh", "-c", script]}])
    started = cluster.manager.api(
        "RunTask", taskDefinition="vpc", count=count,
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        placementStrategy=[{"type": "spread", "field": "instanceId"}])
    assert started["failures"] == [], started
    return cluster_hosts.wait_tasks(cluster, [task["taskArn"] for task in started["tasks"]],
                                    "RUNNING")


def overlay_text(host):
    """Everything that a host has for the others, whether or not a bridge has a task just now."""
    text = "".join(host.run(*words.split(), check=False).stdout for words in (
        "ip route", "bridge fdb show dev ikada-vxlan", "ip neigh show dev ikada-vxlan",
        "nft list set ip ikada_tasks peers"))
    return text.replace(" linkdown", "")


def in_namespace(pid, function, *arguments):
    """Calls the function in a thread that is in the network namespace of the process."""
    result = []

    def body():
        fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            if _libc.setns(fd, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            result.append((True, function(*arguments)))
        except OSError as error:
            result.append((False, error))
        finally:
            os.close(fd)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    good, value = result[0]
    if not good:
        raise value
    return value


def udp_socket(port=0):
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("0.0.0.0", port))
    return made


def raw_socket():
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)


def is_serving():
    with socket.socket() as made:
        return made.connect_ex(("127.0.0.1", 80)) == 0


def received(receiver, wait_s=PATIENCE_S):
    """What comes and from where; None if nothing does."""
    receiver.settimeout(wait_s)
    try:
        return receiver.recvfrom(65536)
    except TimeoutError:
        return None


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp_packet(source, target, port, payload):
    """An IPv4 packet with a UDP datagram without checksum."""
    udp = struct.pack(">HHHH", 4000, port, 8 + len(payload), 0) + payload
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0,
                       socket.inet_aton(source), socket.inet_aton(target))
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + udp


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def tunnel_mac(subnet):
    gateway = ipaddress.ip_network(subnet)[1]
    return b"\x02\x49" + gateway.packed


def vxlan_packet(subnet, inner):
    """What goes to a host's VXLAN port so that it unpacks `inner`."""
    frame = tunnel_mac(subnet) + b"\x02\x49\x0a\x78\xff\x01" + b"\x08\x00" + inner
    return struct.pack(">II", 0x08000000, VNI << 8) + frame
