"""Signatures of the real client library: botocore signs random requests, and verify() must take all
of them and none that was changed in any single place."""

import collections
import json
import random
import string
import subprocess
import time

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.utils

import programs

PROBE = programs.BUILD / "unit" / "sigv4_probe"
REQUESTS = 10_000
KEYS = [("AKIDLONGTERM", "a+secret/with=signs", "-"), ("ASIDTEMPORARY", "another", "to/ken+=="),
        ("AKIDOTHER", "yet another", "-")]
SERVICES = ["ecs", "ecr", "batch", "elasticloadbalancing", "application-autoscaling"]
REGIONS = ["us-east-1", "eu-central-1", "home"]
HOSTS = ["cluster.example:7440", "ecs.us-east-1.amazonaws.com", "127.0.0.1:7439", "[::1]:7440"]
LETTERS = string.ascii_letters + string.digits + " -._~+/%&=?#:;,@!*'()[]\"\\äሴ"
SKEW_S = 300


class Signed:
    """A request as it goes over the wire."""

    def __init__(self, method, path, query, headers, body, now):
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.now = now

    def line(self):
        return json.dumps({"method": self.method, "path": self.path, "query": self.query,
                           "headers": self.headers, "body": self.body.hex(), "now": self.now})

    def but(self, **changes):
        return Signed(**{**self.__dict__, **changes})

    def header(self, name):
        return next(value for each, value in self.headers if each.lower() == name.lower())

    def with_header(self, name, value):
        """With another value of the header; without it, if that is None."""
        return self.but(headers=[[each, value if each.lower() == name.lower() else old]
                                 for each, old in self.headers
                                 if value is not None or each.lower() != name.lower()])


def text(rng, longest):
    return "".join(rng.choice(LETTERS) for _ in range(rng.randint(0, longest)))


def token(rng):
    return "".join(rng.choice(string.ascii_letters) for _ in range(rng.randint(1, 12)))


def random_request(rng):
    path = "/" if rng.random() < 0.4 else "/v1/" + "/".join(
        botocore.utils.percent_encode(text(rng, 12), safe="-._~") for _ in range(rng.randint(1, 4)))
    query = botocore.utils.percent_encode_sequence(
        [(token(rng), text(rng, 20)) for _ in range(rng.choice([0, 0, 1, 3, 6]))])
    body = rng.choice([b"", rng.randbytes(rng.randint(1, 300)),
                       json.dumps({token(rng): text(rng, 50)}).encode()])
    request = botocore.awsrequest.AWSRequest(
        method=rng.choice(["GET", "POST", "POST", "POST", "PUT", "DELETE"]),
        url=f"https://{rng.choice(HOSTS)}{path}{'?' if query else ''}{query}", data=body)
    if body:
        request.headers["Content-Type"] = "application/x-amz-json-1.1"
        request.headers["X-Amz-Target"] = f"AmazonEC2ContainerServiceV20141113.{token(rng)}"
    for number in range(rng.randint(0, 3)):
        spaces = [" " * rng.randint(1, 3) for _ in range(3)]
        request.headers[f"X-{token(rng)}-{number}"] = spaces[0] + spaces[1].join(
            token(rng) for _ in range(3)) + spaces[2]
    request.headers["User-Agent"] = "test " + token(rng)
    return request


def sign(rng, presigned):
    key_id, secret, session = rng.choice(KEYS[:2])
    credentials = botocore.credentials.Credentials(
        key_id, secret, None if session == "-" else session)
    request = random_request(rng)
    if presigned:
        request.data = b""
        for name in ("Content-Type", "X-Amz-Target"):
            del request.headers[name]
    kind = botocore.auth.SigV4QueryAuth if presigned else botocore.auth.SigV4Auth
    kind(credentials, rng.choice(SERVICES), rng.choice(REGIONS)).add_auth(request)
    wire = request.prepare()
    rest = wire.url.split("://", 1)[1]
    host, target = rest.split("/", 1)
    path, _, query = ("/" + target).partition("?")
    headers = [[name, value] for name, value in wire.headers.items()] + [["Host", host]]
    rng.shuffle(headers)
    return Signed(wire.method, path, query, headers, wire.body or b"", int(time.time()))


def changed(rng, value):
    """Another letter somewhere."""
    at = rng.randrange(len(value))
    letter = "b" if value[at] == "a" else "a"
    return value[:at] + letter + value[at + 1:]


def flipped(rng, body):
    at = rng.randrange(len(body))
    return body[:at] + bytes([body[at] ^ 1 << rng.randrange(8)]) + body[at + 1:]


def parts_of(query):
    return [part.split("=", 1) for part in query.split("&")] if query else []


def joined(parts):
    return "&".join("=".join(part) for part in parts)


def general_changes(rng, request):
    """What neither form of a signature allows."""
    yield "method", request.but(method={"GET": "POST"}.get(request.method, "GET"))
    yield "path grows", request.but(path=request.path.rstrip("/") + "/x")
    if any(letter.isalpha() for letter in request.path[4:]):
        at = rng.choice([i for i in range(4, len(request.path)) if request.path[i].isalpha()])
        yield "path case", request.but(
            path=request.path[:at] + request.path[at].swapcase() + request.path[at + 1:])
    yield "parameter more", request.but(
        query=request.query + ("&" if request.query else "") + token(rng) + "x=1")
    yield "body grows", request.but(body=request.body + b" ")
    if request.body:
        yield "body bit", request.but(body=flipped(rng, request.body))
        yield "body shrinks", request.but(body=request.body[:-1])
    yield "host", request.with_header("Host", "other.example")
    yield "no host", request.with_header("Host", None)
    yield "two hosts", request.but(headers=request.headers + [["host", request.header("Host")]])
    yield "more x-amz", request.but(headers=request.headers + [["X-Amz-" + token(rng), "x"]])


def header_changes(rng, request):
    authorization = request.header("Authorization")
    start, signature = authorization.rsplit("=", 1)
    yield "signature", request.with_header(
        "Authorization", f"{start}={changed(rng, signature)}")
    yield "no signature", request.with_header("Authorization", None)
    yield "two signatures", request.but(headers=request.headers + [["authorization", "x"]])
    yield "presigned too", request.but(
        query=request.query + ("&" if request.query else "") + "X-Amz-Algorithm=AWS4-HMAC-SHA256")
    scope = authorization.split("Credential=")[1].split(",")[0].split("/")
    for place, what in enumerate(("key", "date", "region", "service", "terminator")):
        other = {"key": "AKIDOTHER", "date": "20200101"}.get(what) or changed(rng, scope[place])
        yield what, request.with_header("Authorization", authorization.replace(
            "/".join(scope), "/".join(scope[:place] + [other] + scope[place + 1:])))
    names = authorization.split("SignedHeaders=")[1].split(",")[0].split(";")
    for name in names:
        yield f"header {name[:6]}", request.with_header(name, request.header(name) + "x")
    gone = rng.choice(names)
    yield "header gone", request.with_header(gone, None)
    yield "header unsigned", request.with_header("Authorization", authorization.replace(
        ";".join(names), ";".join(name for name in names if name != gone)))
    yield "header twice", request.but(headers=request.headers + [[gone, "x"]])
    yield "late", request.but(now=request.now + SKEW_S + 2)
    for number, (name, value) in enumerate(parts_of(request.query)[:2]):
        rest = [part for at, part in enumerate(parts_of(request.query)) if at != number]
        yield "parameter gone", request.but(query=joined(rest))
        yield "parameter", request.but(query=joined(rest + [[name, value + "x"]]))
        yield "parameter name", request.but(query=joined(rest + [[name + "x", value]]))


def query_changes(rng, request):
    parts = parts_of(request.query)
    for number, (name, value) in enumerate(parts):
        rest = [part for at, part in enumerate(parts) if at != number]
        yield f"without {name[:12]}", request.but(query=joined(rest))
        yield f"changed {name[:12]}", request.but(query=joined(
            rest + [[name, changed(rng, value) if value.isalnum() else value + "x"]]))
        if name.startswith("X-Amz"):
            yield f"twice {name}", request.but(query=joined(parts + [[name, value]]))
    yield "a header too", request.but(headers=request.headers + [["Authorization", "x"]])
    yield "late", request.but(now=request.now + 3602)


def ask(requests):
    """What verify() says of each."""
    words = [word for key in KEYS for word in key]
    answer = subprocess.run([PROBE, *words], input="".join(each.line() + "\n" for each in requests),
                            capture_output=True, text=True, timeout=600, check=True)
    verdicts = answer.stdout.splitlines()
    assert len(verdicts) == len(requests)
    return verdicts


def test_botocore_signatures_are_taken_and_changed_ones_are_not():
    rng = random.Random(20261126)
    signed = [sign(rng, presigned=number % 4 == 0) for number in range(REQUESTS)]

    refused = [(each.line(), verdict) for each, verdict in zip(signed, ask(signed))
               if not verdict.startswith("ok ")]
    assert not refused, f"{len(refused)} refused, the first: {refused[0]}"

    changes = []
    for each in signed:
        presigned = "X-Amz-Signature" in each.query
        changes += general_changes(rng, each)
        changes += (query_changes if presigned else header_changes)(rng, each)
    verdicts = ask([request for _, request in changes])
    taken = collections.Counter(
        what for (what, _), verdict in zip(changes, verdicts) if verdict.startswith("ok "))
    example = next((request.line() for (_, request), verdict in zip(changes, verdicts)
                    if verdict.startswith("ok ")), "")
    assert not taken, f"of {len(changes)} changed requests were taken: {taken}, e.g. {example}"
    assert {verdict for verdict in verdicts} <= {
        "InvalidSignatureException", "IncompleteSignatureException", "UnrecognizedClientException",
        "MissingAuthenticationTokenException"}
    print(f"{len(signed)} signed, {len(changes)} changed: {collections.Counter(verdicts)}")
