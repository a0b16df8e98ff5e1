"""Clients that others have made: docker and podman at the cluster's registry, gRPC through a
balancer."""

import base64
import concurrent.futures
import os
import threading

import pytest

import ecs_server
import images
import programs
import tls_files
from engine_clients import docker, podman  # noqa: F401
from task_host import wait_until

grpc = pytest.importorskip("grpc", reason="apt-get install python3-grpcio")

ECHO = "demo.Echo"
PORTS = (19490, 19491)


@pytest.fixture(scope="module")
def manager(tmp_path_factory):
    root = tmp_path_factory.mktemp("clients")
    started = ecs_server.EcsServer(root, certificates=str(root / "certificates"))
    yield started
    started.close()


def password_of(manager):
    """As `aws ecr get-login-password` says it."""
    data = manager.images(signed=True).get_authorization_token()["authorizationData"][0]
    return base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:")


@pytest.mark.parametrize("client", ["docker", "podman"])
def test_an_engine_logs_in_pushes_and_pulls(manager, request, tmp_path, client):
    engine = request.getfixturevalue(client)
    # docker takes plain HTTP from loopback as it is, podman has to be told.
    plain = ["--tls-verify=false"] if client == "podman" else []
    host = f"127.0.0.1:{manager.port}"
    made = images.Image([images.layer_of_entries([images.entry("hello", "hello\n")]),
                         images.layer_of_entries([images.entry("big", os.urandom(2 << 20))])],
                        config={"Cmd": ["/hello"]})
    images.write_layout(tmp_path / "in", made)
    ecr = manager.images()
    ecr.create_repository(repositoryName=f"engine/{client}")
    name = f"{host}/engine/{client}:1"
    password = password_of(manager)
    programs.run("skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false",
                 "--dest-creds", f"AWS:{password}", f"oci:{tmp_path}/in:latest",
                 f"docker://{name}", timeout=60)

    refused = engine("pull", *plain, name, check=False)
    wrong = engine("login", *plain, "-u", "AWS", "--password-stdin", host, input="wrong",
                   check=False)
    engine("login", *plain, "-u", "AWS", "--password-stdin", host, input=password)
    engine("pull", "-q", *plain, name)
    engine("tag", name, f"{host}/engine/{client}:2")
    engine("push", "-q", *plain, f"{host}/engine/{client}:2")
    engine("rmi", name, f"{host}/engine/{client}:2")
    engine("pull", "-q", *plain, f"{host}/engine/{client}:2")

    assert refused.returncode != 0 and wrong.returncode != 0
    found = engine("inspect", "-f", "{{.Id}}", f"{host}/engine/{client}:2").stdout.strip()
    assert found.removeprefix("sha256:") == made.id.removeprefix("sha256:")
    listed = ecr.list_images(repositoryName=f"engine/{client}")["imageIds"]
    assert {each["imageTag"] for each in listed} == {"1", "2"}
    refused = engine("push", "-q", *plain, name.replace(client, "nowhere"), check=False)
    assert refused.returncode != 0


class EchoServer:
    """A real gRPC server: every method says which server answered."""

    def __init__(self, port):
        self.name = str(port).encode()
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
        self.server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(ECHO, {
            "Say": grpc.unary_unary_rpc_method_handler(self.say),
            "Count": grpc.unary_stream_rpc_method_handler(self.count),
            "Talk": grpc.stream_stream_rpc_method_handler(self.talk),
            "Fail": grpc.unary_unary_rpc_method_handler(self.fail)})])
        assert self.server.add_insecure_port(f"127.0.0.1:{port}") == port
        self.server.start()

    def say(self, request, context):
        context.set_trailing_metadata([("served-by", self.name.decode())])
        return self.name + b" " + request

    def count(self, request, _context):
        for number in range(int(request)):
            yield b"%d" % number

    def talk(self, requests, _context):
        for request in requests:
            yield request.upper()

    def fail(self, _request, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not today")


@pytest.fixture(scope="module")
def servers():
    started = [EchoServer(port) for port in PORTS]
    yield started
    for each in started:
        each.server.stop(None)


@pytest.fixture(scope="module")
def listeners(manager, servers, tmp_path_factory):
    """A balancer in front of both servers: the port of a listener in clear, that of one with TLS,
    and whom to trust."""
    directory = tmp_path_factory.mktemp("tls")
    authority = tls_files.make_authority(directory / "ca")
    certificate, key = tls_files.make_certificate(directory / "web", authority, "DNS:localhost")
    (manager.root / "certificates").mkdir()
    (manager.root / "certificates" / "web.pem").write_bytes(
        certificate.read_bytes() + key.read_bytes())
    elb = manager.balancers(region="us-east-1", parameter_validation=False)
    arn = elb.create_load_balancer(Name="calls",
                                   Subnets=["a", "b"])["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(
        Name="calls", Protocol="HTTP", ProtocolVersion="GRPC", Port=PORTS[0], VpcId="vpc-1",
        TargetType="ip", HealthCheckIntervalSeconds=1, HealthCheckTimeoutSeconds=1,
        HealthyThresholdCount=1, UnhealthyThresholdCount=5)["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=group,
                         Targets=[{"Id": "127.0.0.1", "Port": port} for port in PORTS])
    ports = []
    for options in [{"Protocol": "HTTP"}, {"Protocol": "HTTPS", "Certificates": [
            {"CertificateArn": f"arn:aws:acm:us-east-1:{ecs_server.ACCOUNT}:certificate/web"}]}]:
        ports.append(ecs_server.free_port())
        elb.create_listener(LoadBalancerArn=arn, Port=ports[-1], DefaultActions=[
            {"Type": "forward", "TargetGroupArn": group}], **options)

    def states():
        described = elb.describe_target_health(TargetGroupArn=group)
        return [each["TargetHealth"]["State"] for each in described["TargetHealthDescriptions"]]

    wait_until(lambda: states() == ["healthy"] * len(PORTS), manager)
    return *ports, authority.certificate.read_bytes()


@pytest.fixture(params=["clear", "tls"])
def channel(request, listeners):
    clear, secure, trusted = listeners
    if request.param == "clear":
        opened = grpc.insecure_channel(f"localhost:{clear}")
    else:
        opened = grpc.secure_channel(f"localhost:{secure}",
                                     grpc.ssl_channel_credentials(trusted))
    with opened:
        # The proxy may be about to take the second listener.
        grpc.channel_ready_future(opened).result(timeout=60)
        yield opened


def test_grpc_calls_of_all_kinds_go_through_a_balancer(channel):
    say = channel.unary_unary(f"/{ECHO}/Say")
    reply, call = say.with_call(b"hello", timeout=60)
    server, _, text = reply.partition(b" ")
    assert text == b"hello"
    assert dict(call.trailing_metadata())["served-by"] == server.decode()
    # One connection, each call for itself.
    answered = {say(b"x", timeout=60).split()[0] for _ in range(20)}
    assert answered == {str(port).encode() for port in PORTS}
    assert list(channel.unary_stream(f"/{ECHO}/Count")(b"300", timeout=60)) == [
        b"%d" % number for number in range(300)]
    big = os.urandom(3 << 20).hex().encode()[:3 << 20]
    assert say(big, timeout=60).endswith(big)
    with pytest.raises(grpc.RpcError) as failed:
        channel.unary_unary(f"/{ECHO}/Fail")(b"", timeout=60)
    assert failed.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert failed.value.details() == "not today"
    with pytest.raises(grpc.RpcError) as unknown:
        channel.unary_unary(f"/{ECHO}/None")(b"", timeout=60)
    assert unknown.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_both_sides_of_a_grpc_call_stream_at_once(channel):
    heard = threading.Event()

    def words():
        yield b"one"
        # The first answer has to come before the second question.
        assert heard.wait(60)
        yield b"two"

    answers = channel.stream_stream(f"/{ECHO}/Talk")(words(), timeout=60)
    assert next(answers) == b"ONE"
    heard.set()
    assert list(answers) == [b"TWO"]
