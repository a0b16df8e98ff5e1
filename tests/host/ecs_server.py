"""An ikadad that is a manager, and boto3 clients whose every answer is held against ECS's model."""

import json
import os
import pathlib
import signal
import socket
import socketserver
import subprocess
import threading
import time

import boto3
import botocore.config
import botocore.session

import programs
import query_answers

ACCOUNT = "123456789012"
REGION = "eu-west-1"
START_TIMEOUT_S = 60

# Members that Debian's model of ECS is too old to know, and real ECS answers all the same.
NEWER_MEMBERS = {"systemControls", "restartPolicy", "versionConsistency", "enableFaultInjection",
                 "s3filesVolumeConfiguration", "logGroupArn", "logGroupClass",
                 "currentServiceDeployment", "currentServiceRevisions",
                 "availabilityZoneRebalancing"}


class ModelMismatch(AssertionError):
    """An answer has not the form that botocore's model describes."""


def check_shape(shape, value, path):
    """Types, required members, and no member that the model does not have."""
    def fail(what):
        raise ModelMismatch(f"{path}: {what}: {json.dumps(value)[:200]}")

    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            fail("expected an object")
        unknown = set(value) - set(shape.members) - NEWER_MEMBERS
        if unknown:
            fail(f"unknown members {sorted(unknown)}")
        absent = set(shape.required_members) - set(value)
        if absent:
            fail(f"required members are missing: {sorted(absent)}")
        for name, member in shape.members.items():
            if name in value:
                check_shape(member, value[name], f"{path}.{name}")
    elif kind == "list":
        if not isinstance(value, list):
            fail("expected a list")
        for index, each in enumerate(value):
            check_shape(shape.member, each, f"{path}[{index}]")
    elif kind == "map":
        if not isinstance(value, dict):
            fail("expected a map")
        for name, each in value.items():
            check_shape(shape.value, each, f"{path}.{name}")
    else:
        check_scalar(shape, value, fail)


def check_scalar(shape, value, fail):
    expected = {"string": str, "boolean": bool, "integer": int, "long": int,
                "double": (int, float), "float": (int, float), "timestamp": (int, float)}
    is_number = shape.type_name not in ("string", "boolean")
    if not isinstance(value, expected[shape.type_name]) or (is_number and isinstance(value, bool)):
        fail(f"expected a {shape.type_name}")
    choices = getattr(shape, "enum", [])
    if choices and value not in choices:
        fail(f"expected one of {choices}")


class Forwarder:
    """A port on loopback in front of a unix socket: boto3 speaks to ports only."""

    def __init__(self, path):
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with socket.socket(socket.AF_UNIX) as inner:
                    inner.connect(str(path))
                    back = threading.Thread(target=pump, args=(inner, self.request), daemon=True)
                    back.start()
                    pump(self.request, inner)
                    back.join()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 256

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def checked_client(endpoint, region, service, **options):
    """boto3's client of a service that speaks JSON; each of its answers is checked."""
    session = boto3.Session("AKIDEXAMPLE", "secret", region_name=region)
    client = session.client(
        service, endpoint_url=endpoint,
        config=botocore.config.Config(retries={"max_attempts": 1, "mode": "standard"},
                                      max_pool_connections=64, **options))
    event = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-call.{event}", remember_model)
    client.meta.events.register(f"response-received.{event}", check_response)
    return client


class EcsServer:
    """Started at once. `root` keeps its store, so that a second one goes on where it stood.

    With `agent`, the content of agent.yaml, the host runs tasks; `ikada` says where its containers
    are.
    """

    def __init__(self, root, agent=None, ikada=None, **config):
        self.root = pathlib.Path(root)
        self.run_root = ikada.run_root if ikada else self.root / "run"
        self.state_root = ikada.root if ikada else self.root / "state"
        self.socket = self.run_root / "api.sock"
        self.root.mkdir(parents=True, exist_ok=True)
        settings = {"account_id": ACCOUNT, "home_region": "us-east-1", "virtual_instances": True}
        settings.update(config)
        self._config = self.root / "cluster.yaml"
        self._config.write_text(json.dumps(settings))
        self._agent_config = self.root / "agent.yaml"
        if agent is not None:
            self._agent_config.write_text(json.dumps(agent))
        self._forwarder = Forwarder(self.socket)
        self.endpoint = f"http://127.0.0.1:{self._forwarder.port}"
        self.port = free_port()
        self.signed_endpoint = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [programs.IKADAD, "--run-root", self.run_root, "--root", self.state_root,
             "--cluster-config", self._config, "--agent-config", self._agent_config,
             "--api-port", str(self.port)],
            stdin=subprocess.DEVNULL, stderr=open(self.root / "log", "ab"))
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                # An answer: the socket of one that was killed may still take connections.
                self.raw("ListClusters", {})
                return
            except (OSError, IndexError):
                assert self.process.poll() is None, (
                    f"{(self.root / 'log').read_text()}\nended with {self.process.returncode}")
                assert time.monotonic() < deadline
                time.sleep(0.02)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def restart(self, number=signal.SIGTERM):
        self.stop(number)
        self.start()

    def close(self):
        if self.process.poll() is None:
            self.stop()
        programs.end_proxy(self.run_root)
        self._forwarder.stop()

    def client(self, region=REGION, service="ecs", **options):
        """boto3's client of ECS, or of "logs"; each of its answers is checked."""
        return checked_client(self.endpoint, region, service, **options)

    def balancers(self, region=REGION, signed=False, **options):
        """boto3's client of Elastic Load Balancing; each of its answers is checked."""
        key, secret = self.access_key() if signed else ("AKIDEXAMPLE", "secret")
        session = boto3.Session(key, secret, region_name=region)
        client = session.client(
            "elbv2", endpoint_url=self.signed_endpoint if signed else self.endpoint,
            config=botocore.config.Config(retries={"max_attempts": 1, "mode": "standard"},
                                          **options))
        client.meta.events.register("before-call.elastic-load-balancing-v2", remember_model)
        client.meta.events.register("response-received.elastic-load-balancing-v2",
                                    query_answers.check)
        return client

    def metrics(self, region=REGION, signed=False):
        """boto3's client of CloudWatch; each of its answers is checked."""
        session = boto3.Session(*(self.access_key() if signed else ("AKID", "secret")),
                                region_name=region)
        client = session.client(
            "cloudwatch", endpoint_url=self.signed_endpoint if signed else self.endpoint,
            config=botocore.config.Config(retries={"max_attempts": 1, "mode": "standard"}))
        client.meta.events.register("before-call.cloudwatch", remember_model)
        client.meta.events.register("response-received.cloudwatch", query_answers.check)
        return client

    def images(self, region=REGION, signed=False, key=None):
        """boto3's client of the registry; each of its answers is checked."""
        session = boto3.Session(*(key or self.access_key() if signed else ("AKID", "secret")),
                                region_name=region)
        client = session.client(
            "ecr", endpoint_url=self.signed_endpoint if signed else self.endpoint,
            config=botocore.config.Config(retries={"max_attempts": 1, "mode": "standard"}))
        client.meta.events.register("before-call.ecr", remember_model)
        client.meta.events.register("response-received.ecr", check_response)
        return client

    def access_key(self):
        """The id and the secret of the key that the manager has made."""
        key = json.loads((self.state_root / "cluster" / "access_key.json").read_text())
        return key["accessKeyId"], key["secretAccessKey"]

    def aws(self, *words, service="ecs", region=REGION, check=True, signed=False):
        """`aws SERVICE …` against this manager; `signed` by the port where signatures count."""
        key, secret = self.access_key() if signed else ("AKIDEXAMPLE", "secret")
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root),
                       "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
                       "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""}
        endpoint = self.signed_endpoint if signed else self.endpoint
        result = programs.run("/usr/bin/aws", "--endpoint-url", endpoint, "--region", region,
                              "--output", "json", service, *words,
                              env=environment, check=check)
        return json.loads(result.stdout) if check and result.stdout.strip() else result

    def raw(self, target, body, headers=None, method="POST", path="/"):
        """One request without any client's help: (status, headers, JSON)."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(60)
            client.connect(str(self.socket))
            lines = [f"{method} {path} HTTP/1.1", "Host: ikada", f"Content-Length: {len(data)}",
                     "Content-Type: application/x-amz-json-1.1", "Connection: close"]
            if target is not None:
                lines.append(f"X-Amz-Target: AmazonEC2ContainerServiceV20141113.{target}")
            lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
            client.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
            answer = b""
            while chunk := client.recv(65536):
                answer += chunk
        head, _, text = answer.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        return int(head.split()[1]), fields, json.loads(text or "null")


def remember_model(model, context, **_):
    context["ikada_model"] = model


def check_response(response_dict, context, **_):
    """The raw bytes, not what botocore has made of them."""
    body = json.loads(response_dict["body"] or b"{}")
    headers = {name.lower(): value for name, value in response_dict["headers"].items()}
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert len(headers["x-amzn-requestid"]) == 36
    model = context["ikada_model"]
    if response_dict["status_code"] == 200 and model.output_shape is None:
        assert body == {}, (model.name, body)
        return
    if response_dict["status_code"] == 200:
        check_shape(model.output_shape, body, model.name)
        return
    assert set(body) >= {"__type", "message"}, body
    known = {shape.name for shape in model.error_shapes}
    known |= {"UnknownOperationException", "SerializationException", "ResourceNotFoundException"}
    assert body["__type"] in known, (model.name, body)
