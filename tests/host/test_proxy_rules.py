"""What a listener does with requests, by a real HAProxy: cluster/loadbalancing, cluster/proxy."""

import collections
import json
import socket
import ssl
import subprocess

import pytest

import tls_files
from balancer import (Balancer, Target, forward, group, listener, plan, rule, wait)

PORT = 18080
TLS_PORT = 18443
FIXED = {"type": "fixed-response", "statusCode": "404", "contentType": "text/plain"}


@pytest.fixture(scope="module")
def three():
    targets = [Target(f"t{number}", 19100 + number) for number in range(3)]
    yield targets
    for target in targets:
        target.kill()


@pytest.fixture
def balancer(tmp_path):
    proxy = Balancer(tmp_path / "proxy")
    yield proxy
    proxy.end()


def curl(*arguments, port=PORT, path="/", scheme="http"):
    """(status, headers by lower-case name, body)"""
    done = subprocess.run(["curl", "-sgi", "--max-time", "30", "--path-as-is", *arguments,
                           f"{scheme}://127.0.0.1:{port}{path}"], capture_output=True, timeout=40)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    assert head, (arguments, path, done.returncode, done.stderr)
    first, *fields = head.decode("latin-1").split("\r\n")
    headers = collections.defaultdict(list)
    for field in fields:
        name, _, value = field.partition(": ")
        headers[name.lower()].append(value)
    return int(first.split()[1]), headers, body.decode("latin-1")


def answered_by(*arguments, **options):
    status, _, body = curl(*arguments, **options)
    return json.loads(body)["name"] if status == 200 else status


def seen(body, name):
    return [value for key, value in json.loads(body)["headers"] if key.lower() == name.lower()]


def serve(balancer, targets, rules=(), **options):
    """Each target is a group of its own name; the first is the default."""
    planned = plan([listener(PORT, forward(targets[0].name), rules=list(rules), **options)],
                   [group(target.name, [target]) for target in targets])
    balancer.apply(planned)
    for target in targets:
        balancer.await_healthy(target.name, target)
    return planned


def condition(field, *values, **more):
    return {"field": field, "values": list(values), **more}


def test_requests_go_by_each_kind_of_rule(balancer, three):
    to = forward("t1")
    serve(balancer, three, [
        rule(1, [condition("host-header", "*.Example.com", "plain.org")], to),
        rule(2, [condition("path-pattern", "/img/*", "/v?")], to),
        rule(3, [condition("http-header", "*bot*", "=a,b=", headerName="X-What")], to),
        rule(4, [condition("http-request-method", "DELETE", "PURGE")], to),
        rule(5, [condition("query-string", "blue", "r?d*", keys=["colour", ""])], to),
        rule(6, [condition("source-ip", "10.0.0.0/8", "127.0.0.0/30"),
                 condition("path-pattern", "/from-here")], to),
        rule(7, [condition("source-ip", "10.0.0.0/8"), condition("path-pattern", "/other")], to),
    ])

    for arguments, path in [
            (["-H", "Host: www.example.COM:80"], "/"), (["-H", "Host: PLAIN.org"], "/"),
            ([], "/img/a/b?x"), ([], "/v1"), (["-H", "x-what: a BOT b"], "/"),
            (["-H", "X-What: =A,b="], "/"), (["-X", "DELETE"], "/"), (["-X", "PURGE"], "/"),
            ([], "/?a=b&Colour=BLUE"), ([], "/?colour=blue&x"), ([], "/?x=reddish"), ([], "/?rod"),
            ([], "/from-here")]:
        assert answered_by(*arguments, path=path) == "t1", (arguments, path)
    for arguments, path in [
            ([], "/"), (["-H", "Host: example.com"], "/"), ([], "/Img/a"), ([], "/v10"),
            (["-H", "X-What: b0t"], "/"), (["-X", "GET"], "/"), ([], "/?colour=blueish"),
            ([], "/?xcolour=blue"), ([], "/x?d=reed"), ([], "/other")]:
        assert answered_by(*arguments, path=path) == "t0", (arguments, path)


def test_the_rule_of_the_lowest_priority_number_decides(balancer, three):
    serve(balancer, three, [
        rule(30, [condition("path-pattern", "/*")], FIXED),
        rule(20, [condition("path-pattern", "/a*")], forward("t2")),
        rule(10, [condition("path-pattern", "/ab*")], {"type": "redirect", "path": "/to",
                                                       "statusCode": "HTTP_302"}),
    ])

    assert answered_by(path="/abc") == 302
    assert answered_by(path="/acc") == "t2"
    assert answered_by(path="/") == 404


def test_groups_have_their_shares(balancer, three):
    planned = serve(balancer, three)
    planned["listeners"][0]["defaultActions"] = [forward(("t0", 8), ("t1", 2), ("t2", 0))]
    balancer.apply(planned)
    wait(lambda: answered_by() == "t1")

    count = collections.Counter(answered_by() for _ in range(200))

    assert count["t0"] + count["t1"] == 200
    assert 15 <= count["t1"] <= 75, count


def test_clients_stay_with_a_group(balancer, three, tmp_path):
    planned = serve(balancer, three)
    planned["listeners"][0]["defaultActions"] = [forward("t0", "t1", "t2", stickiness=60)]
    balancer.apply(planned)
    wait(lambda: "set-cookie" in curl()[1])

    for number in range(5):
        jar = tmp_path / f"jar{number}"
        names = {answered_by("-b", jar, "-c", jar) for _ in range(8)}
        assert len(names) == 1, names
    assert "Max-Age=60" in curl()[1]["set-cookie"][0]


@pytest.mark.parametrize("kind", ["lb_cookie", "app_cookie"])
def test_clients_stay_with_a_target(balancer, three, tmp_path, kind):
    attributes = {"stickiness.enabled": "true", "stickiness.type": kind,
                  "stickiness.lb_cookie.duration_seconds": "60",
                  "stickiness.app_cookie.cookie_name": "session",
                  "stickiness.app_cookie.duration_seconds": "60"}
    planned = plan([listener(PORT, forward("all"))],
                   [group("all", three, attributes=attributes)])
    balancer.apply(planned)
    balancer.await_healthy("all", *three)
    path = "/?set=session=1" if kind == "app_cookie" else "/"
    name = "AWSALBAPP-0" if kind == "app_cookie" else "AWSALB"

    for number in range(5):
        jar = tmp_path / f"jar{number}"
        names = {answered_by("-b", jar, "-c", jar, path=path) for _ in range(8)}
        assert len(names) == 1, names
        assert name in jar.read_text()
    assert len({answered_by(path=path) for _ in range(9)}) == 3

    # A draining target lets go of its clients.
    first = next(target for target in three if target.name in names)
    planned["groups"][0]["targets"] = [target.planned(draining=target is first)
                                       for target in three]
    balancer.apply(planned)
    balancer.await_state("all", first, "draining")
    assert first.name not in {answered_by("-b", jar, "-c", jar, path=path) for _ in range(8)}


def test_redirects_and_fixed_answers(balancer, three):
    serve(balancer, three, [
        rule(1, [condition("path-pattern", "/old/*")],
             {"type": "redirect", "protocol": "HTTPS", "port": "443", "path": "/new/#{path}",
              "statusCode": "HTTP_301"}),
        rule(2, [condition("path-pattern", "/q")],
             {"type": "redirect", "host": "else.#{host}", "query": "was=#{query}&p=#{port}",
              "statusCode": "HTTP_302"}),
        rule(3, [condition("path-pattern", "/html")],
             {**FIXED, "statusCode": "503", "contentType": "text/html",
              "messageBody": "<b>\"soon\" 100%</b>\n"}),
        rule(4, [condition("path-pattern", "/none")], {**FIXED, "statusCode": "204"}),
    ])
    host = ("-H", "Host: web.example:8080")

    status, headers, _ = curl(*host, path="/old/a%20b?x=1&y")
    assert (status, headers["location"]) == (
        301, ["https://web.example:443/new/old/a%20b?x=1&y"])
    status, headers, _ = curl(*host, path="/old/")
    assert headers["location"] == ["https://web.example:443/new/old/"]
    status, headers, _ = curl(*host, path="/q?a=b")
    assert (status, headers["location"]) == (
        302, [f"http://else.web.example:{PORT}/q?was=a=b&p={PORT}"])
    status, headers, body = curl(path="/html")
    assert (status, headers["content-type"], body) == (
        503, ["text/html"], "<b>\"soon\" 100%</b>\n")
    assert curl(path="/none")[0] == 204


def test_targets_are_told_who_asks(balancer, three):
    serve(balancer, three)

    _, _, body = curl("-H", "X-Forwarded-Proto: lie", "-H", "X-Forwarded-Port: 1")
    assert seen(body, "X-Forwarded-For") == ["127.0.0.1"]
    assert seen(body, "X-Forwarded-Proto") == ["http"]
    assert seen(body, "X-Forwarded-Port") == [str(PORT)]
    _, _, body = curl("-H", "X-Forwarded-For: 10.9.9.9, 10.8.8.8")
    assert seen(body, "X-Forwarded-For") == ["10.9.9.9, 10.8.8.8, 127.0.0.1"]

    _, _, body = curl("-H", "X-Forwarded-For: 10.9.9.9", "-H", "X-Forwarded-For: 10.8.8.8")
    assert seen(body, "X-Forwarded-For") == ["10.9.9.9", "10.8.8.8", "127.0.0.1"]

    for mode, expected in (("preserve", ["10.9.9.9"]), ("remove", [])):
        serve(balancer, three, attributes={"routing.http.xff_header_processing.mode": mode})
        wait(lambda: seen(curl("-H", "X-Forwarded-For: 10.9.9.9")[2], "X-Forwarded-For")
             == expected)


def test_https_and_http2(balancer, three, tmp_path):
    authority = tls_files.make_authority(tmp_path / "ca")
    files = []
    for name in ("one", "two"):
        certificate, key = tls_files.make_certificate(tmp_path / name, authority,
                                                      f"DNS:{name}.test,IP:127.0.0.1")
        files.append(tmp_path / f"{name} it's.pem")
        files[-1].write_text(certificate.read_text() + key.read_text())
    secure = listener(TLS_PORT, forward("t0"), protocol="HTTPS",
                      certificateFiles=[str(file) for file in files])
    balancer.apply(plan([secure], [group("t0", three[:1])]))
    balancer.await_healthy("t0", three[0])
    trusted = ("--cacert", authority.certificate)

    done = subprocess.run(
        ["curl", "-s", *trusted, "-o", tmp_path / "body", "-w", "%{http_version}",
         f"https://127.0.0.1:{TLS_PORT}/"], capture_output=True, text=True, timeout=40)
    assert done.stdout == "2", done.stderr
    assert seen((tmp_path / "body").read_text(), "X-Forwarded-Proto") == ["https"]
    assert answered_by(*trusted, "--http1.1", port=TLS_PORT, scheme="https") == "t0"

    # By name each gets its certificate.
    context = ssl.create_default_context(cafile=authority.certificate)
    for name in ("one", "two"):
        with socket.create_connection(("127.0.0.1", TLS_PORT)) as plain:
            with context.wrap_socket(plain, server_hostname=f"{name}.test") as encrypted:
                names = encrypted.getpeercert()["subjectAltName"]
                assert ("DNS", f"{name}.test") in names
    assert subprocess.run(["curl", "-sk", "--tls-max", "1.1", f"https://127.0.0.1:{TLS_PORT}/"],
                          timeout=40).returncode == 35

    # A renewed certificate is taken without being told.
    certificate, key = tls_files.make_certificate(tmp_path / "three", authority, "DNS:three.test")
    files[0].write_text(certificate.read_text() + key.read_text())

    def is_renewed():
        try:
            with socket.create_connection(("127.0.0.1", TLS_PORT)) as plain_socket:
                with context.wrap_socket(plain_socket, server_hostname="three.test"):
                    return True
        except OSError:
            return False  # The old certificate, or nobody yet.
    wait(is_renewed)


def test_http2_and_https_to_targets(balancer, tmp_path):
    """The targets are a HAProxy that answers by itself: over HTTP/2 only, and over TLS."""
    authority = tls_files.make_authority(tmp_path / "ca")
    certificate, key = tls_files.make_certificate(tmp_path / "any", authority, "DNS:any.test")
    pem = tmp_path / "any.pem"
    pem.write_text(certificate.read_text() + key.read_text())
    (tmp_path / "targets.cfg").write_text(f"""
defaults
  mode http
  timeout client 10s
frontend plain
  bind 127.0.0.1:19201 proto h2
  http-request return status 200 content-type text/plain lf-string "h2 %[req.ver]"
frontend secure
  bind 127.0.0.1:19202 ssl crt {pem} alpn h2
  http-request return status 200 content-type text/plain lf-string "tls %[ssl_fc_alpn]"
frontend secure1
  bind 127.0.0.1:19203 ssl crt {pem} alpn http/1.1
  http-request return status 200 content-type text/plain lf-string "tls %[req.ver]"
""")
    targets = subprocess.Popen(["haproxy", "-db", "-f", tmp_path / "targets.cfg"])
    try:
        kinds = [("HTTP", "HTTP2", 19201, "h2 2.0"), ("HTTP", "GRPC", 19201, "h2 2.0"),
                 ("HTTPS", "HTTP2", 19202, "tls h2"), ("HTTPS", "HTTP1", 19203, "tls 1.1")]
        groups, rules = [], []
        for number, (protocol, version, port, _) in enumerate(kinds):
            target = {"id": "x", "address": "127.0.0.1", "port": port}
            groups.append(group(f"g{number}", [target], protocol=protocol,
                                protocolVersion=version, check={"protocol": protocol}))
            rules.append(rule(number + 1, [condition("path-pattern", f"/{number}")],
                              forward(f"g{number}")))
        balancer.apply(plan([listener(PORT, FIXED, rules=rules)], groups))
        for number, (*_, expected) in enumerate(kinds):
            wait(lambda: balancer.targets.get(f"g{number}", {}).get("x", [""])[0] == "healthy",
                 describe=lambda: str(balancer.targets))
            assert curl(path=f"/{number}")[2] == expected
    finally:
        targets.kill()
        targets.wait()


def test_websocket(balancer, three):
    serve(balancer, three)

    with socket.create_connection(("127.0.0.1", PORT), timeout=30) as client:
        client.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
                       b"Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       b"Sec-WebSocket-Version: 13\r\n\r\n")
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        assert head.startswith(b"HTTP/1.1 101")
        for _ in range(3):
            client.sendall(b"\x81\x03abc")
            assert client.recv(100) == b"\x81\x03abc"


def test_a_silent_target_is_given_up_at_the_idle_timeout(balancer, three):
    serve(balancer, three, attributes={"idle_timeout.timeout_seconds": "1"})

    assert curl(path="/?hold=ever")[0] == 504


def test_a_group_without_targets_answers_503(balancer, three):
    planned = serve(balancer, three, [rule(1, [condition("path-pattern", "/gone")],
                                           forward("not-in-the-plan"))])
    assert curl(path="/gone")[0] == 503

    planned["groups"][0]["targets"] = []
    balancer.apply(planned)
    wait(lambda: curl()[0] == 503)


HOSTILE = [
    "x\n  http-request deny deny_status 418\n", "x' if FALSE\r\nfrontend evil", "'", '"', "\\",
    "\\\n", "%[env(PATH)]", "%%", "${HOME}", "$HOME", "#{host}", "#{", "-f /etc/passwd", "--", "-i",
    "{ path / }", "} || TRUE", "#", " ", "\t", "\x01\x7f", "ünï", "((((", "[a-", "*" * 100,
    "?" * 100, "(?R)", "\\E\\Q", "a" * 1000, "\0", "x\0y", ";", "`id`", "!important", "or TRUE",
    "*a*a*a*a*a*a*a*a*a*a*a*a*b",
]


def test_hostile_values_change_nothing_else(balancer, three):
    """Every value in every place where a user may write; the rest of the listener still works."""
    rules = []
    for number, value in enumerate(HOSTILE):
        redirect = {"type": "redirect", "statusCode": value, "host": value, "path": "/" + value,
                    "query": value, "port": value, "protocol": value}
        fixed = {"type": "fixed-response", "statusCode": value, "contentType": value,
                 "messageBody": value}
        everything = [condition(field, value) for field in
                      ("host-header", "path-pattern", "query-string", "source-ip",
                       "http-request-method", value)]
        everything += [condition("http-header", value, headerName=value),
                       condition("query-string", value, keys=[value])]
        for action in (redirect, fixed):
            rules += [rule(len(rules) + 1, [each], action) for each in everything]
        # Actions that are reached.
        rules.append(rule(len(rules) + 1, [condition("path-pattern", f"/r{number}")], redirect))
        rules.append(rule(len(rules) + 1, [condition("path-pattern", f"/f{number}")],
                          {**fixed, "contentType": "text/plain"}))
        rules.append(rule(len(rules) + 1, [condition("path-pattern", f"/={value}")], FIXED))
    rules = [each for each in rules
             # What a wildcard alone says is what it says.
             if not any(part["values"][0].removeprefix("/=").strip("*?") == ""
                        for part in each["conditions"])]
    hostile_groups = [
        group(f"evil{number}", [three[0]], protocol=value, protocolVersion=value,
              check={"path": value, "matcher": value, "port": value},
              attributes={"stickiness.enabled": "true", "stickiness.type": "app_cookie",
                          "stickiness.app_cookie.cookie_name": value,
                          "slow_start.duration_seconds": value,
                          "load_balancing.algorithm.type": value})
        for number, value in enumerate(HOSTILE)]
    used = [rule(5000 + number, [condition("path-pattern", f"/g{number}")],
                 forward(f"evil{number}")) for number in range(len(HOSTILE))]
    balancer.apply(plan([listener(PORT, forward("t0"), rules=rules + used)],
                        [group("t0", three[:1]), *hostile_groups]))
    balancer.await_state("t0", three[0], "healthy")
    assert balancer.problems == {}

    assert answered_by() == "t0"
    assert answered_by("-H", "X: y", path="/plain?a=b") == "t0"
    for number, value in enumerate(HOSTILE):
        status, headers, _ = curl(path=f"/r{number}")
        assert status == 302 and len(headers["location"]) == 1, value
        assert "418" not in str(status) and "/root" not in headers["location"][0]
        assert "/usr/bin" not in headers["location"][0]
        body = subprocess.run(["curl", "-s", f"http://127.0.0.1:{PORT}/f{number}"],
                              capture_output=True, timeout=40).stdout
        assert body == value.replace("\0", "").encode(), value
        # A pattern fits what it says, letter for letter.
        if value.isprintable() and value.isascii() and not set(value) & set(" *?#\\"):
            assert answered_by(path=f"/={value}") == 404, value
            assert answered_by(path=f"/={value}x") == "t0", value
        assert answered_by(path=f"/g{number}") in ("t0", 503), value


def test_patterns_with_many_wildcards_take_no_time(balancer, three):
    serve(balancer, three, [rule(1, [condition("path-pattern", "/" + "*a" * 30 + "*b")], FIXED)])

    done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{time_total}",
                           f"http://127.0.0.1:{PORT}/{'a' * 6000}"],
                          capture_output=True, text=True, timeout=40)
    assert float(done.stdout) < 5
