"""`ikada-runtime monitor` as an engine starts it, and the protocol of its clients."""

import json
import os
import pathlib
import select
import signal
import socket
import struct
import subprocess
import time

import programs

MAX_MESSAGE = 32 << 10


class Client:
    """One end of a SOCK_SEQPACKET socket; see runtime/monitor/protocol.h."""

    def __init__(self, sock):
        self.socket = sock
        self.output = {"o": bytearray(), "r": bytearray()}
        self.exit = None
        self.closed = False

    def send(self, kind, body=b""):
        self.socket.send(kind.encode() + body)

    def send_window(self, rows, columns):
        self.send("w", struct.pack("<HH", rows, columns))

    def read_message(self, timeout=60):
        """Takes one message; false at the end of the connection."""
        assert select.select([self.socket], [], [], timeout)[0], (
            f"nothing came; so far {self.output}")
        try:
            message = self.socket.recv(MAX_MESSAGE)
        except ConnectionResetError:
            # Told once, when the monitor had not read everything; what it sent is still to come.
            return True
        if not message:
            self.closed = True
            return False
        kind = chr(message[0])
        if kind == "x":
            self.exit = json.loads(message[1:])
        else:
            self.output[kind] += message[1:]
        return True

    def read_until(self, text, stream="o"):
        while text not in self.output[stream]:
            assert self.read_message(), f"the end came before {text!r}: {self.output}"

    def read_all(self):
        while self.exit is None and self.read_message():
            pass
        return self

    def close(self):
        self.socket.close()


class Monitor:
    """Starts a container of a bundle under a monitor; the files are in `directory`."""

    def __init__(self, bundle, directory, client=True, wait=True, before_start=None, **options):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log_path = self.directory / "log"
        self.exit_path = self.directory / "exit.json"
        self.socket_path = self.directory / "run" / "attach.sock"
        self.cleaned = self.directory / "cleaned"
        bundle.process["terminal"] = options.get("terminal", False)
        bundle.save()
        settings = {
            "id": bundle.id, "bundle": str(bundle), "state_root": str(self.directory / "state"),
            "log_path": str(self.log_path), "exit_path": str(self.exit_path),
            "attach_socket": str(self.socket_path),
            "cleanup_command": ["/bin/sh", "-c", f"echo done > {self.cleaned}"], **options}
        options_path = self.directory / "monitor.json"
        options_path.write_text(json.dumps(settings))
        command = [str(programs.IKADA_RUNTIME), "monitor", "--options", str(options_path)]

        ready, report = os.pipe()
        inherited = [report]
        command += ["--ready-fd", str(report)]
        self.held, held = os.pipe()
        inherited.append(held)
        command += ["--hold-fd", str(held)]
        self.client = None
        if client:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self.client = Client(ours)
            inherited.append(theirs.fileno())
            command += ["--attach-fd", str(theirs.fileno())]
            if before_start:
                before_start(self.client)
        self.process = subprocess.Popen(
            command, pass_fds=inherited, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(report)
        os.close(held)
        if client:
            theirs.close()
        with os.fdopen(ready) as pipe:
            text = pipe.read()
        self.report = json.loads(text) if text else None
        if wait:
            assert self.report and "pid" in self.report, self.report

    @property
    def pid(self):
        return self.report["pid"]

    def attach(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # The path may be longer than a socket's name can be.
        directory = os.open(self.socket_path.parent, os.O_PATH)
        sock.connect(f"/proc/self/fd/{directory}/{self.socket_path.name}")
        os.close(directory)
        return Client(sock)

    def wait(self, timeout=60):
        """The monitor's own exit status."""
        return self.process.wait(timeout)

    def exit(self):
        return json.loads(self.exit_path.read_text())

    def log_lines(self, path=None):
        """(stream, tag, text) of each line."""
        lines = (path or self.log_path).read_bytes().split(b"\n")
        assert lines.pop() == b""
        return [tuple(line.split(b" ", 3)[1:]) for line in lines]

    def log_text(self, stream=b"stdout"):
        return b"".join(text + (b"\n" if tag == b"F" else b"")
                        for kind, tag, text in self.log_lines() if kind == stream)

    def holds(self):
        """Whether somebody still holds the hold-fd descriptor."""
        return not select.select([self.held], [], [], 0)[0]

    def memory_bytes(self, kind):
        """"Pss" counts a page shared by n processes as 1/n; "Anonymous" is not file pages."""
        text = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return 1024 * next(int(line.split()[1]) for line in text.splitlines()
                           if line.startswith(f"{kind}:"))

    def cpu_ticks(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1]
        return sum(int(each) for each in fields.split()[11:13])

    def close(self):
        """Ends what is left, as a test that failed leaves it."""
        if self.report and "pid" in self.report and self.process.poll() is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.client:
            self.client.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.held)


def wait_until(condition, timeout=60):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
