"""Questions to a server of DNS, its answers, and a resolver that answers others' questions."""

import socket
import struct
import threading

TYPES = {"A": 1, "SOA": 6, "AAAA": 28, "SRV": 33}


def labels(name):
    return b"".join(bytes([len(each)]) + each.encode() for each in name.split(".")) + b"\0"


def question(name, kind="A", number=0x1234, flags=0x0100):
    return (struct.pack(">HHHHHH", number, flags, 1, 0, 0, 0) + labels(name) +
            struct.pack(">HH", TYPES.get(kind, kind), 1))


def read_name(message, at):
    """The name there, and where it ends."""
    parts = []
    end = None
    while message[at]:
        if message[at] >= 0xc0:
            end = end or at + 2
            at = struct.unpack_from(">H", message, at)[0] & 0x3fff
        else:
            parts.append(message[at + 1:at + 1 + message[at]].decode())
            at += 1 + message[at]
    return ".".join(parts), end or at + 1


class Answer:
    """`records` are (name, type, value); value is an address, or (port, target) of SRV."""

    def __init__(self, message):
        self.number, flags, asked, *counts = struct.unpack_from(">HHHHHH", message)
        self.code = flags & 15
        self.is_truncated = bool(flags & 0x200)
        self.is_ours = bool(flags & 0x400)
        at = 12
        for _ in range(asked):
            self.name, at = read_name(message, at)
            at += 4
        sections = []
        for count in counts:
            sections.append([])
            for _ in range(count):
                name, at = read_name(message, at)
                kind, _, self.ttl, size = struct.unpack_from(">HHIH", message, at)
                at += 10
                value = message[at:at + size]
                if kind == TYPES["A"]:
                    value = socket.inet_ntoa(value)
                if kind == TYPES["SRV"]:
                    value = (struct.unpack_from(">H", value, 4)[0], read_name(message, at + 6)[0])
                sections[-1].append((name, kind, value))
                at += size
        self.records, self.authority, self.additional = sections

    @property
    def values(self):
        return sorted(value for _, _, value in self.records)


def ask_raw(server, message, by_tcp=False, timeout_s=5, port=53):
    kind = socket.SOCK_STREAM if by_tcp else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as client:
        client.settimeout(timeout_s)
        client.connect((server, port))
        if not by_tcp:
            client.send(message)
            return client.recv(65536)
        client.sendall(struct.pack(">H", len(message)) + message)
        return read_framed(client)


def read_exactly(stream, size):
    data = b""
    while len(data) < size:
        more = stream.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def read_framed(stream):
    return read_exactly(stream, struct.unpack(">H", read_exactly(stream, 2))[0])


def ask(server, name, kind="A", **options):
    return Answer(ask_raw(server, question(name, kind), **options))


class Resolver:
    """Answers any question with 192.0.2.53, at an address of this network namespace.

    "silent…" gets nothing, "forged…" first gets answers that are not its own, and "long…" gets 300
    addresses over TCP and none over UDP.
    """

    def __init__(self, address):
        self.asked = []
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for each in (self.udp, self.tcp):
            each.bind((address, 53))
        self.tcp.listen()
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def _answer(self, message, count=1, truncated=0, address="192.0.2.53"):
        end = read_name(message, 12)[1] + 4
        return (message[:2] + struct.pack(">HHHHH", 0x8180 | truncated, 1, count, 0, 0) +
                message[12:end] + count * (
                    struct.pack(">HHHIH", 0xc00c, 1, 1, 60, 4) + socket.inet_aton(address)))

    def _serve_udp(self):
        while True:
            try:
                message, client = self.udp.recvfrom(4096)
            except OSError:
                return
            name = read_name(message, 12)[0]
            self.asked.append((name, "udp", message[:2]))
            if name.startswith("silent"):
                continue
            if name.startswith("forged"):
                wrong = bytes([message[0] ^ 1]) + message[1:]
                self.udp.sendto(self._answer(wrong, address="203.0.113.1"), client)
                other = message[:12] + labels("other.example") + message[-4:]
                self.udp.sendto(self._answer(other, address="203.0.113.2"), client)
                self.udp.sendto(b"\0" * 5, client)
            if name.startswith("long"):
                self.udp.sendto(self._answer(message, 0, 0x200), client)
            else:
                self.udp.sendto(self._answer(message), client)

    def _serve_tcp(self):
        while True:
            try:
                stream, _ = self.tcp.accept()
            except OSError:  # Closed.
                return
            with stream:
                message = read_framed(stream)
                self.asked.append((read_name(message, 12)[0], "tcp", message[:2]))
                answer = self._answer(message, 300)
                stream.sendall(struct.pack(">H", len(answer)) + answer)

    def close(self):
        for each in (self.udp, self.tcp):
            each.close()
