"""`ikada registry serve` under load, kills, full disks and clients that mean no good."""

import concurrent.futures
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time

import pytest

from images import digest_of
from own_registry import OCI_MANIFEST, OwnRegistry, manifest_of

HEAD = b"Host: 127.0.0.1\r\n"


@pytest.fixture
def server(no_leaks, tmp_path):
    started = OwnRegistry(tmp_path).start()
    yield started
    assert started.stop() == 0


def uploads_of(server):
    return list((server.root / "uploads").iterdir())


# Many at once


def test_ten_pushes_of_one_layer_store_it_once(server):
    data = os.urandom(5 << 20)
    digest = digest_of(data)

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda number: server.push_blob(f"at-once/{number}", data), range(10)))

    assert [path.name for path in server.blobs()] == [digest.removeprefix("sha256:")]
    inodes = {path.stat().st_ino for path in (server.root / "repositories").rglob("sha256:*")}
    assert inodes == {server.blobs()[0].stat().st_ino}
    assert not uploads_of(server)
    for number in range(10):
        reply = server.expect(200, "GET", f"/v2/at-once/{number}/blobs/{digest}")
        assert digest_of(reply.body) == digest


def test_pushes_go_on_while_garbage_is_collected(server):
    failures = []
    done = threading.Event()

    def push(worker):
        try:
            for turn in range(8):
                name = f"busy/{worker}"
                manifest = server.push_image(name, f"t{turn}", text=f"{worker % 2} {turn}")
                server.expect(200, "GET", f"/v2/{name}/manifests/t{turn}")
                if turn % 3 == 2:
                    server.expect(202, "DELETE", f"/v2/{name}/manifests/{manifest}")
        except AssertionError as error:
            failures.append(error)

    def collect():
        while not done.is_set():
            # An image's blobs are much younger than the grace period, in real life and here.
            server.gc("--grace", "30s")

    collector = threading.Thread(target=collect)
    collector.start()
    workers = [threading.Thread(target=push, args=(number,)) for number in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    done.set()
    collector.join()

    assert not failures
    # In the end nothing is kept that no manifest needs, and everything that one does.
    server.gc("--grace", "0s")
    needed = set()
    for worker in range(4):
        for tag in server.request("GET", f"/v2/busy/{worker}/tags/list").json()["tags"]:
            reply = server.expect(200, "GET", f"/v2/busy/{worker}/manifests/{tag}")
            manifest = reply.json()
            parts = [manifest["config"], *manifest["layers"]]
            needed |= {digest_of(reply.body)} | {each["digest"] for each in parts}
            for part in parts:
                server.expect(200, "GET", f"/v2/busy/{worker}/blobs/{part['digest']}")
    assert {f"sha256:{path.name}" for path in server.blobs()} == needed


def test_garbage_is_collected_at_an_interval(no_leaks, tmp_path):
    server = OwnRegistry(
        tmp_path, {"gc": {"interval": "1s", "grace": "0s", "uploads": "0s"}}).start()
    try:
        server.push_blob("interval", b"nobody needs this")
        server.start_upload("interval")
        deadline = time.monotonic() + 60
        while server.blobs() or uploads_of(server):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert "garbage collected" in server.log
    finally:
        server.stop()


def test_two_requests_at_one_upload(server):
    place = server.start_upload("two")
    first = server.connect()
    first.putrequest("PATCH", place)
    first.putheader("Content-Length", "10")
    first.endheaders()
    first.send(b"01234")
    deadline = time.monotonic() + 60
    while server.request("GET", place).headers["Range"] != "0-0":
        assert time.monotonic() < deadline

    # The first bytes are not yet written: both are waited for together.
    second = server.request("PATCH", place, b"x")
    first.send(b"56789")
    reply = first.getresponse()

    assert (second.status, second.code()) == (409, "BLOB_UPLOAD_BUSY")
    assert (reply.status, reply.headers["Range"]) == (202, "0-9")
    first.close()
    server.expect(204, "DELETE", place)


# Kills


def test_a_client_that_goes_away_can_go_on(server):
    data = os.urandom(3 << 20)
    place = server.start_upload("resume")
    connection = server.connect()
    connection.putrequest("PATCH", place)
    connection.putheader("Content-Length", str(len(data)))
    connection.endheaders()
    connection.send(data[:2_500_000])
    deadline = time.monotonic() + 60
    while (have := server.request("GET", place).headers["Range"]) == "0-0":
        assert time.monotonic() < deadline
    connection.close()
    deadline = time.monotonic() + 60
    while server.request("PATCH", place, b"").status == 409:  # Until it has noticed.
        assert time.monotonic() < deadline
        time.sleep(0.01)

    have = int(server.request("GET", place).headers["Range"].split("-")[1]) + 1
    assert have % (1 << 20) == 0 and have >= 1 << 20
    server.expect(202, "PATCH", place, data[have:],
                  {"Content-Range": f"{have}-{len(data) - 1}"})
    digest = digest_of(data)
    server.expect(201, "PUT", f"{place}?digest={digest}")

    assert server.expect(200, "GET", f"/v2/resume/blobs/{digest}").body == data


def test_an_upload_goes_on_after_kill_9(server):
    data = os.urandom(2 << 20)
    place = server.start_upload("killed")
    server.expect(202, "PATCH", place, data[:1_000_000])

    server.kill()
    server.start()

    assert server.expect(204, "GET", place).headers["Range"] == "0-999999"
    digest = "sha512:" + hashlib.sha512(data).hexdigest()
    server.expect(201, "PUT", f"{place}?digest={digest}", data[1_000_000:])
    assert server.expect(200, "GET", f"/v2/killed/blobs/{digest}").body == data


@pytest.mark.timeout(300)
def test_kill_9_at_any_time_loses_nothing_acknowledged(server):
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    acknowledged = []  # (path, digest)
    for turn in range(12):
        stop = threading.Event()

        def push(worker, turn=turn, stop=stop):
            number = 0
            while not stop.is_set():
                number += 1
                name = f"kill/{worker}"
                data = f"{turn} {worker} {number} ".encode() + os.urandom(50_000)
                try:
                    digest = server.push_blob(name, data)
                    acknowledged.append((f"/v2/{name}/blobs/{digest}", digest))
                    config = server.push_blob(name, b"{}")
                    body = json.dumps(manifest_of([(digest, len(data))], config)).encode()
                    tag = f"t{turn}-{number}"
                    server.expect(201, "PUT", f"/v2/{name}/manifests/{tag}", body,
                                  {"Content-Type": OCI_MANIFEST})
                    acknowledged.append((f"/v2/{name}/manifests/{tag}", digest_of(body)))
                except (OSError, AssertionError, Exception):  # noqa: B014
                    return

        workers = [threading.Thread(target=push, args=(worker,)) for worker in range(3)]
        for each in workers:
            each.start()
        time.sleep(chance.uniform(0.01, 0.5))
        server.kill()
        stop.set()
        for each in workers:
            each.join()
        server.start()

    assert len(acknowledged) > 20, f"seed {seed}"
    server.gc("--grace", "1h")
    for path, digest in acknowledged:
        reply = server.expect(200, "GET", path)
        assert digest_of(reply.body) == digest, f"{path}, seed {seed}"
    # And every blob is what its name says.
    for path in server.blobs():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name


def test_a_running_download_comes_to_its_end_when_the_registry_stops(server):
    data = os.urandom(20 << 20)
    digest = server.push_blob("stop", data)
    idle = server.connect()
    assert server.request("GET", "/v2/", connection=idle).status == 200
    connection = server.connect()
    connection.request("GET", f"/v2/stop/blobs/{digest}")
    response = connection.getresponse()
    head = response.read(1000)

    server.signal(signal.SIGTERM)
    wait_for_no_listener(server)

    assert digest_of(head + response.read()) == digest
    connection.close()
    assert server.process.wait(timeout=60) == 0
    assert "registry stopped" in server.log


def wait_for_no_listener(server):
    deadline = time.monotonic() + 60
    with pytest.raises(OSError):
        while time.monotonic() < deadline:
            socket.create_connection(("127.0.0.1", server.port), timeout=60).close()
            time.sleep(0.01)


def test_a_second_signal_does_not_wait(server):
    digest = server.push_blob("stop", os.urandom(20 << 20))
    connection = server.connect()
    connection.request("GET", f"/v2/stop/blobs/{digest}")
    connection.getresponse().read(1000)
    server.signal(signal.SIGTERM)
    wait_for_no_listener(server)
    assert server.process.poll() is None
    server.signal(signal.SIGTERM)

    assert server.process.wait(timeout=60) == 0
    connection.close()


# A full disk


def test_a_full_disk_is_said_and_leaves_nothing(no_leaks, tmp_path):
    directory = tmp_path / "small"
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", directory], check=True,
                   timeout=60)
    server = OwnRegistry(tmp_path)
    server.root = directory / "registry"
    try:
        server.start()
        small = server.push_blob("full", os.urandom(1 << 20))
        large = os.urandom(6 << 20)
        place = server.start_upload("full")

        reply = server.request("PUT", f"{place}?digest={digest_of(large)}", large)

        assert (reply.status, reply.code()) == (507, "INSUFFICIENT_STORAGE"), reply.body
        assert b"disk is full" in reply.body
        assert not uploads_of(server)
        server.expect(200, "GET", f"/v2/full/blobs/{small}")
        server.push_blob("full", os.urandom(1 << 20))
    finally:
        server.stop()
        subprocess.run(["umount", directory], check=True, timeout=60)


# Requests that mean no good


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


SMUGGLED = b"GET /v2/smuggled/tags/list HTTP/1.1\r\n" + HEAD + b"\r\n"
PATCH = b"PATCH /v2/a/blobs/uploads/" + b"0" * 32 + b" HTTP/1.1\r\n"
AMBIGUOUS = {
    "length and chunks": PATCH + HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                         b"0\r\n\r\n" + SMUGGLED,
    "chunks and length": PATCH + HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
                         b"0\r\n\r\n" + SMUGGLED,
    "two lengths": PATCH + HEAD + b"Content-Length: 0\r\nContent-Length: 80\r\n\r\n" + SMUGGLED,
    "the same length twice": PATCH + HEAD + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n" +
                             SMUGGLED,
    "a list of lengths": PATCH + HEAD + b"Content-Length: 0, 80\r\n\r\n" + SMUGGLED,
    "a signed length": PATCH + HEAD + b"Content-Length: +0\r\n\r\n" + SMUGGLED,
    "a negative length": PATCH + HEAD + b"Content-Length: -1\r\n\r\n" + SMUGGLED,
    "a hexadecimal length": PATCH + HEAD + b"Content-Length: 0x10\r\n\r\n" + SMUGGLED,
    "a length beyond 64 bits": PATCH + HEAD + b"Content-Length: 99999999999999999999\r\n\r\n",
    "another coding": PATCH + HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a list of codings": PATCH + HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" +
                         SMUGGLED,
    "a coding twice": PATCH + HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"
                      b"\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "gzip before chunked": PATCH + HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" +
                           SMUGGLED,
    "chunks in HTTP/1.0": PATCH.replace(b"1.1", b"1.0") + HEAD +
                          b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a space before the colon": PATCH + HEAD + b"Content-Length : 4\r\n\r\n" + SMUGGLED,
    "bare line feeds": b"GET /v2/ HTTP/1.1\nHost: x\n\n" + SMUGGLED,
    "a bare line feed in a field": b"GET /v2/ HTTP/1.1\r\nHost: x\nA: b\r\n\r\n" + SMUGGLED,
    "a bare carriage return": b"GET /v2/ HTTP/1.1\r\nHost: x\rA: b\r\n\r\n" + SMUGGLED,
    "a zero byte": b"GET /v2/ HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n" + SMUGGLED,
    "two hosts": b"GET /v2/ HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" + SMUGGLED,
    "no host": b"GET /v2/ HTTP/1.1\r\n\r\n" + SMUGGLED,
    "a host that is none": b"GET /v2/ HTTP/1.1\r\nHost: a\"b/c\r\n\r\n" + SMUGGLED,
    "no version": b"GET /v2/\r\n\r\n" + SMUGGLED,
    "another version": b"GET /v2/ HTTP/2.0\r\n" + HEAD + b"\r\n" + SMUGGLED,
    "spaces in the target": b"GET /v2/ x HTTP/1.1\r\n" + HEAD + b"\r\n" + SMUGGLED,
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 300,
    "nonsense": b"\xff\xfe\xfd\r\n\r\n",
}


@pytest.fixture(scope="module")
def target(no_leaks, tmp_path_factory):
    started = OwnRegistry(tmp_path_factory.mktemp("target")).start()
    yield started
    assert started.stop() == 0


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_what_has_two_meanings_has_none(target, kind):
    answer = target.raw(AMBIGUOUS[kind])

    assert status_of(answer) in (400, 0), answer
    assert answer.count(b"HTTP/1.1 ") <= 1, answer
    assert "smuggled" not in target.log
    assert target.request("GET", "/v2/").status == 200


BROKEN_CHUNKS = {
    "no size": b"x\r\n",
    "a negative size": b"-1\r\nabc\r\n0\r\n\r\n",
    "a prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
    "bare line feeds": b"3\nabc\n0\n\n",
    "more than its size": b"3\r\nabcd\r\n0\r\n\r\n",
    "a size beyond 64 bits": b"fffffffffffffffff\r\nabc",
    "a long extension": b"3;" + b"a" * 400_000 + b"\r\nabc\r\n",
    "no end of a line": b"3\r\nabcXX0\r\n\r\n",
}


@pytest.mark.parametrize("kind", BROKEN_CHUNKS)
def test_broken_chunks(target, kind):
    place = target.start_upload("chunks").encode()
    answer = target.raw(b"PATCH " + place + b" HTTP/1.1\r\n" + HEAD +
                        b"Transfer-Encoding: chunked\r\n\r\n" + BROKEN_CHUNKS[kind] + b"\r\n" +
                        SMUGGLED)

    assert status_of(answer) in (400, 0), answer
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert "smuggled" not in target.log


def test_pipelined_requests_are_answered_in_order(target):
    one = target.push_blob("pipe", b"one")
    two = target.push_blob("pipe", b"two")

    def get(digest):
        return f"GET /v2/pipe/blobs/{digest} HTTP/1.1\r\n".encode() + HEAD + b"\r\n"

    answer = target.raw(get(one) + get(two) + get("sha256:" + "0" * 64) + get(one))

    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"404",
                                                                    b"200"]
    assert answer.index(b"\r\none") < answer.index(b"\r\ntwo")


def test_a_body_that_is_not_wanted_does_not_spoil_the_connection(target):
    connection = target.connect()
    for _ in range(3):
        reply = target.request("POST", "/v2/UPPER/blobs/uploads/", b"x" * 1000,
                               connection=connection)
        assert reply.status == 400
        assert target.request("GET", "/v2/", connection=connection).status == 200
    connection.close()
    # Much of it is not read; the answer arrives all the same.
    reply = target.request("PUT", "/v2/UPPER/manifests/x", os.urandom(20 << 20))
    assert (reply.status, reply.headers["Connection"]) == (400, "close")


def test_continue_is_said_only_to_those_who_may_go_on(target):
    place = target.start_upload("continue").encode()
    head = HEAD + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", target.port), timeout=60) as client:
        client.sendall(b"PATCH " + place + b" HTTP/1.1\r\n" + head)
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"abc")
        assert status_of(client.recv(1000)) == 202

    refused = target.raw(b"PATCH " + PATCH.split(b" ")[1] + b" HTTP/1.1\r\n" + head)
    assert status_of(refused) == 404
    assert b"100 Continue" not in refused and b"Connection: close" in refused


def test_large_heads_and_lengths(target):
    large = target.raw(b"GET /v2/ HTTP/1.1\r\n" + HEAD + b"X: " + b"a" * 40_000 + b"\r\n\r\n")
    many = target.raw(b"GET /v2/ HTTP/1.1\r\n" + HEAD + b"A: b\r\n" * 20_000 + b"\r\n")
    endless = target.raw(b"GET /" + b"a" * 100_000)
    place = target.start_upload("huge").encode()
    huge = target.raw(b"PUT " + place + b"?digest=sha256:" + b"0" * 64 + b" HTTP/1.1\r\n" + HEAD +
                      b"Content-Length: 9000000000000000000\r\n\r\nabc")

    assert status_of(large) == status_of(many) == status_of(endless) == 431
    assert status_of(huge) == 413
    assert target.request("GET", "/v2/").status == 200


def test_http_1_0_is_answered_and_closed(target):
    answer = target.raw(b"GET /v2/ HTTP/1.0\r\n\r\n", shut=False)

    assert status_of(answer) == 200 and b"Connection: close" in answer


def test_slow_clients_are_let_go(no_leaks, tmp_path):
    server = OwnRegistry(tmp_path, {
        "limits": {"head_timeout": "1s", "idle_timeout": "2s", "connections": 20}}).start()
    try:
        # More than the kernel's buffers of a connection take.
        digest = server.push_blob("slow", os.urandom(64 << 20))
        place = server.start_upload("slow").encode()
        starts = {
            "nothing": b"",
            "a part of a head": b"GET /v2/ HT",
            "a body that does not come": b"PATCH " + place + b" HTTP/1.1\r\n" + HEAD +
                                         b"Content-Length: 100\r\n\r\nabc",
            "an answer that is not read": f"GET /v2/slow/blobs/{digest} HTTP/1.1\r\n".encode() +
                                          HEAD + b"\r\n",
        }
        clients = {}
        for name, data in starts.items():
            client = socket.create_connection(("127.0.0.1", server.port), timeout=60)
            client.sendall(data)
            clients[name] = client
        drip = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        begin = time.monotonic()
        with pytest.raises(OSError):  # A byte now and then does not help.
            while time.monotonic() - begin < 40:
                drip.sendall(b"G")
                time.sleep(0.1)
        time.sleep(5)  # Longer than "idle_timeout": who only reads from now on is too late.
        for name, client in clients.items():
            total = 0
            try:
                while chunk := client.recv(1 << 20):
                    total += len(chunk)
            except ConnectionResetError:
                pass
            assert total < 64 << 20, name
            client.close()
        drip.close()
        assert server.request("GET", "/v2/").status == 200
    finally:
        server.stop()


def test_more_connections_than_allowed_get_503(no_leaks, tmp_path):
    server = OwnRegistry(tmp_path, {"limits": {"connections": 5}}).start()
    try:
        held = [socket.create_connection(("127.0.0.1", server.port), timeout=60)
                for _ in range(5)]
        deadline = time.monotonic() + 60
        while status_of(answer := server.raw(b"", shut=False)) != 503:
            assert time.monotonic() < deadline, answer
        for each in held:
            each.close()
        deadline = time.monotonic() + 60
        while server.request("GET", "/v2/").status != 200:
            assert time.monotonic() < deadline
    finally:
        server.stop()
