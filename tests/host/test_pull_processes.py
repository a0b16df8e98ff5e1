"""The processes of a pull: how much memory they take, and what is left when one is killed."""

import gzip
import hashlib
import io
import os
import pathlib
import signal
import subprocess
import tarfile
import threading
import time

import pytest

import images
import scripted_registry
from images import entry, layer_of_entries

MIB = 1 << 20


class ZerosLayer:
    """A layer with one large file of zeros, made without holding it in memory."""

    compression = "gzip"

    def __init__(self, size):
        info = tarfile.TarInfo("zeros")
        info.size = size
        packed = io.BytesIO()
        self._hash = hashlib.sha256()
        with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1, mtime=0) as self._out:
            self._put(info.tobuf(tarfile.PAX_FORMAT))
            for _ in range(size // MIB):
                self._put(bytes(MIB))
            self._put(bytes(1024))
        self.data = packed.getvalue()
        self.diff_id = "sha256:" + self._hash.hexdigest()

    def _put(self, data):
        self._hash.update(data)
        self._out.write(data)


@pytest.fixture
def server(no_leaks):
    registry = scripted_registry.ScriptedRegistry().start()
    yield registry
    registry.stop()


def children(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except OSError:
            continue
    return found


def peak_kib(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def test_memory_does_not_grow_with_the_layer(ikada, server):
    layer = ZerosLayer(400 * MIB)
    server.add("zeros", "1", images.Image([layer]))
    peaks = {}

    pull = ikada.popen("pull", "-q", f"{server.address}/zeros:1", stdout=subprocess.DEVNULL)
    while pull.poll() is None:
        for pid in [pull.pid, *children(pull.pid)]:
            peaks[pid] = max(peaks.get(pid, 0), peak_kib(pid))
        time.sleep(0.005)

    assert pull.returncode == 0
    assert len(peaks) == 2, "the pull and its unpacking process"
    assert sum(peaks.values()) < 64 * 1024, peaks


def stalled(server, name):
    """An image whose layer comes only half until the event is set."""
    layer = layer_of_entries([entry("noise", os.urandom(4 * MIB))])
    server.add(name, "1", images.Image([layer]))
    go_on = threading.Event()

    def stall(call):
        handler = call._handler
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(layer.data)))
        handler.end_headers()
        handler.wfile.write(layer.data[:2 * MIB])
        handler.wfile.flush()
        go_on.wait(100)
        if not go_on.is_set():
            return True
        handler.wfile.write(layer.data[2 * MIB:])
        return True

    server.script(f"/v2/{name}/blobs/{images.digest_of(layer.data)}", stall)
    return go_on


def wait_for_child(pid):
    deadline = time.monotonic() + 60
    while not children(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return children(pid)[0]


def test_an_unpacking_process_that_is_killed_fails_its_pull(ikada, server):
    go_on = stalled(server, "child")
    pull = ikada.popen("pull", "-q", f"{server.address}/child:1", stderr=subprocess.PIPE, text=True)
    os.kill(wait_for_child(pull.pid), signal.SIGKILL)
    go_on.set()

    message = pull.communicate(timeout=60)[1]

    assert pull.returncode == 1
    assert message.strip().endswith("layer: the unpacking process died of signal 9")
    assert ikada("images", "-q").stdout == ""
    assert os.listdir(ikada.root / "layers" / "staging") == []
    ikada("pull", "-q", f"{server.address}/child:1")


def test_the_unpacking_process_goes_with_its_pull(ikada, server):
    go_on = stalled(server, "parent")
    pull = ikada.popen("pull", "-q", f"{server.address}/parent:1")
    child = wait_for_child(pull.pid)

    pull.kill()
    pull.wait(60)
    go_on.set()

    deadline = time.monotonic() + 60
    while pathlib.Path(f"/proc/{child}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert ikada("images", "-q").stdout == ""
    assert os.listdir(ikada.root / "layers" / "staging") == []
