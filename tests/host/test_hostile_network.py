"""Registries that lead astray, dawdle, break off and speak badly, through a real pull.

What needs no more than an odd answer of a plain registry is in test_registry_hostile.py.
"""

import random
import ssl
import subprocess
import threading
import time

import pytest

import images
import programs
import scripted_registry
from hostile_pulls import pulls, server, watched  # noqa: F401
from images import entry, layer_of_entries
from raw_server import RawServer, http_bytes, reset
from tls_files import make_authority, make_certificate

PUBLIC = "198.41.0.4"  # An address of the internet, put on the loopback device of our namespace.


def noise(size, seed):
    return random.Random(seed).randbytes(size)


@pytest.fixture
def image():
    return images.Image([layer_of_entries([entry("file", noise(3000, 1))])])


@pytest.fixture
def raw(no_leaks):
    started = []

    def start(answer):
        started.append(RawServer(answer).start())
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def public_address(no_leaks):
    programs.run("ip", "address", "add", f"{PUBLIC}/32", "dev", "lo")
    yield PUBLIC
    programs.run("ip", "address", "del", f"{PUBLIC}/32", "dev", "lo")


@pytest.fixture
def public(public_address, ikada, image, tmp_path):
    """A registry at a public address that may be spoken to in plain http."""
    registry = scripted_registry.ScriptedRegistry(host=public_address).start()
    registry.add("web", "1", image)
    config = tmp_path / "config.yaml"
    config.write_text(f"registries:\n  {registry.address}:\n    insecure: true\n")
    ikada.environment["IKADA_CONFIG"] = str(config)
    yield registry
    registry.stop()


def blob_path(image):
    return f"/v2/web/blobs/{images.digest_of(image.layers[0].data)}"


# I-21 to I-23: being led elsewhere


@pytest.mark.parametrize("place", [
    "http://127.0.0.1:PORT/x", "http://localhost:PORT/x", "http://[::1]:PORT/x",
    "http://127.1:PORT/x", "http://2130706433:PORT/x", "http://0x7f000001:PORT/x",
    "http://0177.0.0.1:PORT/x", "http://127.0.0.1.:PORT/x", "http://0.0.0.0:PORT/x",
    "http://0:PORT/x",
    "http://[::ffff:127.0.0.1]:PORT/x", "http://[::127.0.0.1]:PORT/x", "http://[::]:PORT/x",
    "https://127.0.0.1:PORT/x", "https://169.254.169.254/latest/meta-data/",
    "http://169.254.169.254/latest/meta-data/", "https://10.0.0.1/", "https://172.16.0.1/",
    "https://192.168.0.1/", "https://100.64.0.1/", "https://[fe80::1]/", "https://[fd00::1]/",
    "https://[64:ff9b::7f00:1]/", "//127.0.0.1:PORT/x", "file:///etc/shadow", "unix:///run/x.sock",
    "gopher://127.0.0.1:PORT/x", "ftp://127.0.0.1:PORT/x", "http://user:x@127.0.0.1:PORT/x",
    "javascript:x", "http://"])
def test_a_public_registry_does_not_lead_inside(pulls, server, public, image, place):  # noqa: F811
    public.script(blob_path(image), lambda call: call.answer(
        307, Location=place.replace("PORT", str(server.port))))

    result = pulls.ikada("pull", f"{public.address}/web:1", check=False)

    assert result.returncode == 1
    line = result.stderr.splitlines()[-1]
    refusals = ("redirect", "which is not public", "plain http to")
    assert any(words in line for words in refusals), line
    assert server.calls == []
    pulls.canary.check()


@pytest.mark.parametrize("realm", ["http://127.0.0.1:PORT/token", "http://localhost:PORT/token",
                                   "https://169.254.169.254/token", "https://10.0.0.1/token"])
def test_a_public_registrys_token_server_is_not_inside(pulls, server, public, realm):  # noqa: F811
    public.script("/v2/", lambda call: call.error(
        401, "UNAUTHORIZED", "no",
        WWW_Authenticate=f'Bearer realm="{realm.replace("PORT", str(server.port))}"'))

    result = pulls.ikada("pull", f"{public.address}/web:1", check=False)

    assert result.returncode == 1
    assert "which is not public" in result.stderr
    assert server.calls == []


def test_what_is_said_to_one_port_is_not_said_to_another(pulls, public, image):  # noqa: F811
    """Authorization stays behind at a redirect, and comes back for the next request."""
    other = scripted_registry.ScriptedRegistry(host=PUBLIC).start()
    try:
        other.script("/", lambda call: scripted_registry.serve_range(call, image.layers[0].data))
        config = pulls.ikada.environment["IKADA_CONFIG"]
        with open(config, "a") as file:
            file.write(f"  {other.address}:\n    insecure: true\n")
        public.script("/v2/web", lambda call: call.authorization != "Bearer granted" and call.error(
            401, "UNAUTHORIZED", "no",
            WWW_Authenticate=f'Bearer realm="http://{public.address}/token"'))
        public.script("/token", lambda call: call.answer(200, b'{"token": "granted"}'))
        public.script(blob_path(image), lambda call: call.answer(
            307, Location=f"http://{other.address}/x", Set_Cookie="a=b"))

        result = pulls.ikada("pull", "-q", f"{public.address}/web:1", check=False)

        for call in other.calls:
            assert call.authorization is None and "Cookie" not in call.headers
        # The other host is not this registry: plain http to it is not configured.
        assert result.returncode == 1 and "plain http to" in result.stderr
    finally:
        other.stop()


# I-24: TLS


@pytest.mark.parametrize("names, days", [("DNS:other.example", 2), ("IP:127.0.0.2", 2)])
def test_a_certificate_for_somebody_else_is_refused(pulls, tmp_path, image, names,  # noqa: F811
                                                    days, public_address):
    authority = make_authority(tmp_path / "ca")
    certificate, key = make_certificate(tmp_path / "server", authority, names)
    pulls.ikada.environment["SSL_CERT_FILE"] = str(authority.certificate)
    secure = scripted_registry.ScriptedRegistry(certificate, key, host=public_address).start()
    try:
        secure.add("web", "1", image)
        pulls.refuse_name(f"{secure.address}/web:1", "TLS_FAILED")
        assert secure.calls == []
    finally:
        secure.stop()


def test_a_certificate_that_nobody_vouches_for_is_refused(pulls, tmp_path, image,  # noqa: F811
                                                          public_address):
    authority = make_authority(tmp_path / "ca")
    certificate, key = make_certificate(tmp_path / "server", authority, f"IP:{public_address}")
    secure = scripted_registry.ScriptedRegistry(certificate, key, host=public_address).start()
    try:
        secure.add("web", "1", image)
        pulls.refuse_name(f"{secure.address}/web:1", "TLS_FAILED")
        assert secure.calls == []
    finally:
        secure.stop()


def test_a_registry_without_tls_is_not_spoken_to_in_plain_http(pulls, image,  # noqa: F811
                                                               public_address):
    plain = scripted_registry.ScriptedRegistry(host=public_address).start()
    try:
        plain.add("web", "1", image)
        pulls.refuse_name(f"{plain.address}/web:1", "TLS_FAILED")
        assert plain.calls == []
    finally:
        plain.stop()


def test_old_tls_is_refused(pulls, tmp_path, image, public_address):  # noqa: F811
    authority = make_authority(tmp_path / "ca")
    certificate, key = make_certificate(tmp_path / "server", authority, f"IP:{public_address}")
    pulls.ikada.environment["SSL_CERT_FILE"] = str(authority.certificate)

    def weaken(context):
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    old = scripted_registry.ScriptedRegistry(certificate, key, host=public_address,
                                             tls=weaken).start()
    try:
        old.add("web", "1", image)
        pulls.refuse_name(f"{old.address}/web:1", "TLS_FAILED")
        assert old.calls == []
    finally:
        old.stop()


# I-25: breaks and bad manners


def test_a_reset_at_any_byte_of_a_blobs_answer_is_survived(pulls, raw):  # noqa: F811
    layers = [layer_of_entries([entry("file", noise(1500, seed))]) for seed in range(24)]
    image = images.Image(layers)
    bodies = {f"/v2/web/blobs/{images.digest_of(blob)}": blob for blob in image.blobs()}
    cuts = {}
    for number, layer in enumerate(layers):
        whole = len(http_bytes(200, layer.data))
        cuts[f"/v2/web/blobs/{images.digest_of(layer.data)}"] = number * whole // len(layers)

    def answer(connection, head, number):
        path = head.split(" ")[1]
        if path == "/v2/":
            return connection.sendall(http_bytes(200, b"{}", Connection="close"))
        if path.startswith("/v2/web/manifests/"):
            return connection.sendall(http_bytes(200, image.manifest, Connection="close",
                                                 Content_Type=image.media_type))
        body, status, more = bodies[path], 200, {}
        if "Range: bytes=" in head:
            first = int(head.split("Range: bytes=")[1].split("-")[0])
            more = {"Content_Range": f"bytes {first}-{len(body) - 1}/{len(body)}"}
            body, status = body[first:], 206
        data = http_bytes(status, body, Connection="close", **more)
        if number == 0 and path in cuts:
            data = data[:cuts[path]]
            reset(connection)
        connection.sendall(data)
        if number == 0:
            time.sleep(0.05)  # So that the bytes before the reset are read.
        return None

    server = raw(answer)

    pulls.ikada("pull", "-q", f"{server.address}/web:1")

    for seed, layer in enumerate(layers):
        file = pulls.ikada.root / "layers" / "sha256" / layer.digest[7:] / "file"
        assert file.read_bytes() == noise(1500, seed)
    assert sum(path in cuts for path in server.paths) >= 2 * len(layers)
    pulls.canary.check()


def test_a_reset_at_any_byte_of_a_manifests_answer_is_survived(pulls, raw, image):  # noqa: F811
    whole = http_bytes(200, image.manifest, Content_Type=image.media_type, Connection="close")
    offsets = [0, 1, 8, 12, 16, 40, len(whole) - len(image.manifest) - 1,
               len(whole) - len(image.manifest), len(whole) - 1]

    def answer(connection, head, number):
        path = head.split(" ")[1]
        if "/manifests/" not in path:
            blobs = {images.digest_of(blob): blob for blob in image.blobs()}
            body = blobs.get(path.rpartition("/")[2], b"{}")
            return connection.sendall(http_bytes(200, body, Connection="close"))
        data = whole
        if number == 0:
            data = whole[:offsets[int(path.rpartition("/")[2])]]
            reset(connection)
        connection.sendall(data)
        time.sleep(0.05)
        return None

    server = raw(answer)
    running = [pulls.ikada.popen("pull", "-q", f"{server.address}/web:{number}",
                                 stdout=subprocess.DEVNULL) for number in range(len(offsets))]

    assert [each.wait(timeout=100) for each in running] == [0] * len(offsets)


@pytest.mark.parametrize("answer, code", [
    (lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"), "REGISTRY_PROTOCOL"),
    (lambda connection: connection.sendall(b"\x15\x03\x01\x00\x02\x02\x46"), "REGISTRY_PROTOCOL"),
    (lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200_000),
     "REGISTRY_PROTOCOL"),
    (lambda connection: connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 200_000),
     "REGISTRY_PROTOCOL"),
    (lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"y" * (8 << 20)), None),
    (lambda connection: connection.sendall(http_bytes(200, Content_Length="-1")), None),
    (lambda connection: connection.sendall(http_bytes(200, Content_Length="9" * 40)), None),
    (lambda connection: connection.sendall(http_bytes(
        200, b"fffffffffffffffff\r\nx", Content_Length=None, Transfer_Encoding="chunked")), None),
    (lambda connection: connection.sendall(http_bytes(
        200, b"-1\r\nx\r\n", Content_Length=None, Transfer_Encoding="chunked")), None),
    (lambda connection: connection.sendall(http_bytes(200, b" " * (6 << 20))),
     "MANIFEST_TOO_LARGE"),
    (lambda connection: connection.sendall(http_bytes(999, b"")), "REGISTRY_PROTOCOL"),
    (lambda connection: connection.sendall(http_bytes(204, b"")), "REGISTRY_PROTOCOL"),
    (lambda connection: connection.sendall(http_bytes(200, b"")), "MANIFEST_INVALID"),
    (lambda connection: connection.sendall(http_bytes(302, b"")), "REGISTRY_PROTOCOL"),
], ids=str)
def test_bad_manners_end_in_one_line(pulls, raw, answer, code):  # noqa: F811
    def serve(connection, head, _number):
        if head.startswith("GET /v2/ "):
            return connection.sendall(http_bytes(200, b"{}", Connection="close"))
        return answer(connection)

    server = raw(serve)

    if code is not None:
        pulls.refuse_name(f"{server.address}/web:1", code)
    else:
        result = pulls.ikada("pull", f"{server.address}/web:1", check=False)
        assert result.returncode == 1 and len(result.stderr.splitlines()) == 1, result.stderr
    assert len(server.paths) < 12


@pytest.mark.parametrize("status, header", [
    (206, "bytes 7-LAST/ALL"), (206, None), (206, ""), (206, "chunks 0-LAST/ALL"),
    (206, "bytes */ALL"), (206, "bytes FIRST-LAST/7"), (206, "bytes -FIRST-LAST/ALL"),
    (206, "bytes FIRST-LAST/18446744073709551616"), (416, "bytes */ALL"), (206, "FIRST-LAST/ALL")])
def test_a_wrong_range_is_refused(pulls, server, image, status, header):  # noqa: F811
    data = image.layers[0].data
    server.add("web", "1", image)

    def answer(call):
        if call.number == 0:
            return call.answer(200, data, cut_at=1000)
        first = int(call.headers["Range"][6:-1])
        text = header and header.replace("FIRST", str(first)).replace("ALL", str(len(data)))
        text = text and text.replace("LAST", str(len(data) - 1))
        return call.answer(status, data[first:], Content_Range=text)

    server.script(blob_path(image), answer)

    pulls.refuse_name(f"{server.address}/web:1", "REGISTRY_PROTOCOL", keeps=("images/partial",))


def test_a_part_that_nobody_asked_for_is_refused(pulls, server, image):  # noqa: F811
    data = image.layers[0].data
    server.add("web", "1", image)
    server.script(blob_path(image), lambda call: call.answer(
        206, data[100:], Content_Range=f"bytes 100-{len(data) - 1}/{len(data)}"))

    pulls.refuse_name(f"{server.address}/web:1", "REGISTRY_PROTOCOL")


@pytest.mark.parametrize("after", ["-5", "0", "99999999999999999999999", "soon",
                                   "Fri, 31 Dec 1999 23:59:59 GMT", "\t1 "])
def test_a_retry_after_of_any_kind_is_survived(pulls, server, image, after):  # noqa: F811
    server.script("/v2/hostile/manifests/", lambda call: call.number == 0 and call.error(
        503, "BUSY", "later", Retry_After=after))

    pulls.take(image)

    assert pulls.elapsed_s < 20


@pytest.mark.timeout(200)
def test_dawdlers_are_left_within_their_time(ikada, raw, image):
    """Several at once, because each takes its half minute."""
    manifest = http_bytes(200, image.manifest, Content_Type=image.media_type, Connection="close")
    blobs = {images.digest_of(blob): blob for blob in image.blobs()}

    def well(connection, path):
        body = blobs.get(path.rpartition("/")[2], b"{}")
        data = manifest if "/manifests/" in path else http_bytes(200, body, Connection="close")
        connection.sendall(data)

    def drip(data, begin=0):
        def answer(connection, head, number):
            path = head.split(" ")[1]
            if "/manifests/" not in path:
                return well(connection, path)
            connection.sendall(data[:begin])
            for byte in data[begin:]:
                connection.sendall(bytes([byte]))
                if server.wait(0.5):
                    break
            return None
        server = raw(answer)
        return server

    def busy(connection, head, number):
        path = head.split(" ")[1]
        if "/manifests/" in path and number == 0:
            return connection.sendall(http_bytes(429, b"{}", Retry_After="31536000"))
        return well(connection, path)

    def silent_blob(connection, head, number):
        path = head.split(" ")[1]
        if not path.endswith(images.digest_of(image.layers[0].data)):
            return well(connection, path)
        connection.sendall(http_bytes(200, blobs[path.rpartition("/")[2]])[:300])
        mute.wait(150)
        return None

    begun = time.monotonic()
    year, head, body = raw(busy), drip(manifest), drip(manifest, len(manifest) - 300)
    mute = raw(lambda *call: silent_blob(*call))
    running = {}
    for name, server in (("year", year), ("head", head), ("body", body), ("mute", mute)):
        command = ikada.command("pull", "-q", f"{server.address}/web:1")
        command[command.index("--root") + 1] = str(ikada.directory / name)
        running[name] = subprocess.Popen(command, env=ikada.environment, text=True,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    ends = {}

    def wait(name):
        said = running[name].communicate(timeout=180)[1]
        ends[name] = (running[name].returncode, said, time.monotonic() - begun)

    threads = [threading.Thread(target=wait, args=(name,)) for name in running]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ends["year"][0] == 0 and 55 < ends["year"][2] < 140, ends["year"]
    for name, words in (("head", "sent next to nothing"), ("body", "sent next to nothing"),
                        ("mute", "sent")):
        assert ends[name][0] == 1 and words in ends[name][1], ends[name]
        assert ends[name][2] < (140 if name == "mute" else 100), ends[name]
