"""`task logs` and `task exec` of tasks on other hosts, over a connection from host to host."""

import fcntl
import hashlib
import json
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import tempfile
import termios
import time

import pytest

import cluster_hosts
from cluster_hosts import describe, wait_tasks, wait_until

SCRIPT = ("trap 'exit 0' TERM; echo one; echo two; echo oops >&2; "
          "while [ ! -e /tmp/stop ]; do sleep 0.1; done; echo last")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, shared_ikada, busybox_image):
    archive = tmp_path_factory.mktemp("archive") / "busybox.tar"
    shared_ikada("save", "-o", archive, busybox_image)
    cluster = cluster_hosts.Cluster(
        tmp_path_factory.mktemp("hosts") / "streams", 3, archive, [{"run_tasks": False}])
    cluster.init()
    for host in cluster.hosts[1:]:
        cluster.join(host)
    wait_until(lambda: cluster_hosts.instances(cluster) == 2, cluster=cluster)
    yield cluster
    cluster.close()


@pytest.fixture
def task(cluster, busybox_image):
    arn = cluster_hosts.run_tasks(cluster, busybox_image, 1, SCRIPT)[0]
    wait_tasks(cluster, [arn], "RUNNING")
    yield arn.split("/")[-1]
    cluster.manager.api("StopTask", task=arn)
    wait_tasks(cluster, [arn], "STOPPED")


def command(host, *words):
    return subprocess.Popen(
        host._inside(cluster_hosts.programs.IKADA, "--root", host.root, "--run-root",
                     host.run_root, *words),
        env=host.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)


def test_logs_of_a_task_on_another_host(cluster, task):
    manager = cluster.manager
    shown = wait_until(lambda: (lambda it: it if "two" in it.stdout and it.stderr else None)(
        manager("task", "logs", task)))
    assert (shown.stdout, shown.stderr) == ("one\ntwo\n", "oops\n")
    assert manager("task", "logs", "--tail", "2", task).stdout == "two\n"
    stamped = manager("task", "logs", "--timestamps", task).stdout.splitlines()
    assert stamped[0].endswith("Z one") and len(stamped) == 2

    follower = command(manager, "task", "logs", "-f", task)
    assert [follower.stdout.readline() for _ in range(2)] == ["one\n", "two\n"]
    manager("task", "exec", task, "touch", "/tmp/stop")
    assert follower.stdout.readline() == "last\n"
    assert follower.wait(timeout=60) == 0
    nothing = manager("task", "logs", "0" * 32, check=False)
    assert nothing.returncode == 1


def test_exec_has_status_streams_and_environment(cluster, task):
    manager = cluster.manager
    done = manager("task", "exec", "-e", "A=1 2", "-w", "/tmp", "-u", "3", task, "sh", "-c",
                   "echo $A $PWD $(id -u); echo bad >&2; exit 7", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (7, "1 2 /tmp 3\n", "bad\n")
    large = os.urandom(3 << 20)
    for _ in range(5):  # Both directions are busy when it ends.
        echoed = manager("task", "exec", "-i", task, "cat", input=large, text=False, check=False)
        assert echoed.returncode == 0, echoed.stderr
        assert hashlib.sha256(echoed.stdout).digest() == hashlib.sha256(large).digest()
    counted = manager("task", "exec", task, "sh", "-c", "yes | head -c 5000000 | wc -c; echo end")
    assert counted.stdout == "5000000\nend\n"
    missing = manager("task", "exec", task, "/nothing", check=False)
    assert missing.returncode == 127 and "/nothing" in missing.stderr
    assert manager("task", "exec", task, "cat").stdout == ""  # No stdin without -i.


def test_exec_with_a_terminal_follows_its_size(cluster, task):
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
    before = termios.tcgetattr(terminal)
    host = cluster.manager
    process = subprocess.Popen(
        host._inside(cluster_hosts.programs.IKADA, "--root", host.root, "--run-root",
                     host.run_root, "task", "exec", "-it", task, "sh"),
        env=host.environment, stdin=terminal, stdout=terminal, stderr=terminal,
        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def read_until(text):
        got = b""
        deadline = time.monotonic() + 60
        while text not in got:
            assert time.monotonic() < deadline, got
            got += os.read(controller, 4096)
        return got

    read_until(b"# ")
    os.write(controller, b"stty size; echo x$((1+1))\n")
    assert b"33 77" in read_until(b"x2")
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    process.send_signal(signal.SIGWINCH)
    os.write(controller, b'until stty size | grep "^40 1*0*$"; do sleep 0.1; done; '
                         b"echo y$((1+1))\n")
    assert b"40 100" in read_until(b"y2")
    os.write(controller, b"exit 5\n")
    assert process.wait(timeout=60) == 5
    assert termios.tcgetattr(terminal) == before
    os.close(controller)
    os.close(terminal)


def holder_of(cluster, task):
    instance = describe(cluster, [task])[0]["containerInstanceArn"].split("/")[-1]
    nodes = json.loads(cluster.manager.run(
        "curl", "-sS", "--unix-socket", cluster.manager.run_root / "ikadad.sock",
        "http://localhost/cluster/nodes").stdout)["nodes"]
    name = next(each["name"] for each in nodes if each.get("instance") == instance)
    return cluster.hosts[int(name.removeprefix("host")) - 1]


def sleepers(host, seconds):
    return host.run("pgrep", "-f", f"^sleep {seconds}$", check=False).stdout.split()


def followers(host):
    """The programs on that host that follow a log."""
    return host.run("pgrep", "-f", f"ikada --root {host.root} .*logs --follow",
                    check=False).stdout.split()


def test_a_command_ends_when_a_daemon_dies_in_the_middle(cluster, task):
    worker = holder_of(cluster, task)
    for number, victim in enumerate((worker, cluster.manager)):
        running = command(cluster.manager, "task", "exec", "-i", task, "sh", "-c",
                          f"echo begun; cat; sleep 77{number}")
        assert running.stdout.readline() == "begun\n"
        victim.process.send_signal(signal.SIGKILL)
        victim.process.wait()
        assert running.wait(timeout=60) == 1
        told = running.stderr.read()
        assert told.startswith("ikada task exec: ") and len(told.splitlines()) == 1
        victim.start()
        wait_until(lambda: all(
            node["State"] == "connected" for node in cluster.nodes().values()), cluster=cluster)
        wait_until(lambda: cluster.manager("task", "exec", task, "echo", "again",
                                           check=False).stdout == "again\n")


def test_who_asks_goes_and_the_program_ends(cluster, task):
    worker = holder_of(cluster, task)
    # One that waits, and one that will not hear of it: a log, a command, a stubborn command.
    for number, words in enumerate((["logs", "-f", task],
                                    ["exec", task, "sh", "-c", "echo one; exec sleep 880"],
                                    ["exec", task, "sh", "-c",
                                     "trap '' HUP; echo one; exec sleep 881"])):
        running = command(cluster.manager, "task", *words)
        assert running.stdout.readline() == "one\n"
        wait_until(lambda: followers(worker) if number == 0 else sleepers(worker, 879 + number))
        running.kill()
        running.wait()
        wait_until(lambda: not followers(worker) and not sleepers(worker, 879 + number))
    assert describe(cluster, [task])[0]["lastStatus"] == "RUNNING"


def test_a_signal_goes_to_the_command(cluster, task):
    running = command(cluster.manager, "task", "exec", task, "sh", "-c",
                      "trap 'echo stopping; exit 9' INT; echo begun; while :; do sleep 0.1; done")
    assert running.stdout.readline() == "begun\n"
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=60) == 9
    assert running.stdout.read() == "stopping\n"
    follower = command(cluster.manager, "task", "logs", "-f", task)
    assert follower.stdout.readline() == "one\n"
    follower.send_signal(signal.SIGINT)
    assert follower.wait(timeout=60) == -signal.SIGINT


def test_a_host_that_is_silent_is_given_up(cluster, task):
    worker = holder_of(cluster, task)
    running = command(cluster.manager, "task", "exec", task, "sh", "-c",
                      "echo begun; exec sleep 882")
    assert running.stdout.readline() == "begun\n"
    wait_until(lambda: sleepers(worker, 882))
    cluster.manager.process.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: not sleepers(worker, 882))
    finally:
        cluster.manager.process.send_signal(signal.SIGCONT)
    assert running.wait(timeout=60) == 1
    wait_until(lambda: all(node["State"] == "connected" for node in cluster.nodes().values()),
               cluster=cluster)


# What somebody sends to the stream port, and what comes back: the certificate and key of a node or
# none, then frames.
CLIENT = """
import json, socket, ssl, sys, tempfile
asked = json.load(sys.stdin)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
if asked["node"]:
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(asked["node"]["certificate"] + asked["node"]["key"])
        file.flush()
        context.load_cert_chain(file.name)
got = b""
try:
    link = context.wrap_socket(socket.create_connection((sys.argv[1], 7445), 30))
    for frame in asked["frames"]:
        data = frame.encode()
        link.sendall(asked.get("size", len(data)).to_bytes(4, "big") + data)
    link.settimeout(30)
    while data := link.recv(4096):
        got += data
        if b'"error"' in got or b'"exit"' in got:
            break
except OSError:
    pass
sys.stdout.write(got.decode(errors="replace"))
"""


def ask_port(cluster, worker, node, *frames, **more):
    return cluster.manager.run(
        "python3", "-c", CLIENT, worker.address,
        input=json.dumps({"node": node, "frames": list(frames), **more})).stdout


def manager_certificate(cluster, node, authority=None):
    """What a manager of that id shows, signed by `authority`, or by itself."""
    with tempfile.TemporaryDirectory() as directory:
        def openssl(*words):
            return subprocess.run(["openssl", *words], check=True, capture_output=True, text=True,
                                  cwd=directory).stdout

        path = pathlib.Path(directory)
        (path / "own").write_text(credentials(cluster.manager)["certificate"])
        own = cluster.manager.status()["node"]
        uri = re.search(r"URI:(\S+)",
                        openssl("x509", "-in", "own", "-noout", "-ext", "subjectAltName")).group(1)
        assert uri.rstrip(",").endswith(own)
        uri = uri.rstrip(",").removesuffix(own)
        (path / "extensions").write_text(
            f"subjectAltName=URI:{uri}{node}\nextendedKeyUsage=serverAuth,clientAuth\n"
            "keyUsage=critical,digitalSignature\nbasicConstraints=critical,CA:FALSE\n")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", "key", "-out", "request", "-subj", "/O=ikada manager")
        signer = ["-signkey", "key"]
        if authority:
            (path / "ca").write_text(authority["certificate"])
            (path / "ca-key").write_text(authority["key"])
            signer = ["-CA", "ca", "-CAkey", "ca-key", "-CAcreateserial"]
        openssl("x509", "-req", "-in", "request", "-days", "1", "-extfile", "extensions",
                "-out", "certificate", *signer)
        return {name: (path / name).read_text() for name in ("certificate", "key")}


def credentials(host):
    return json.loads((host.root / "node.json").read_text())


def test_only_managers_may_ask(cluster, task):
    worker = holder_of(cluster, task)
    other = next(host for host in cluster.hosts[1:] if host is not worker)
    container = describe(cluster, [task])[0]["containers"][0]["runtimeId"]
    order = json.dumps({"words": ["exec", container, "touch", "/tmp/mark"]})
    own = cluster.manager.status()["node"]
    for node in (None, manager_certificate(cluster, own), credentials(other), credentials(worker)):
        assert ask_port(cluster, worker, node, order) == "", node
    assert cluster.manager("task", "exec", task, "ls", "/tmp").stdout == ""
    assert "stream refused" in worker.log.read_text()
    # One of the cluster's authority, but not on record any more.
    keys = json.loads((cluster.manager.root / "cluster" / "authority.json").read_text())
    removed = manager_certificate(cluster, "f" * 32, keys)
    assert "knows of no such manager" in ask_port(cluster, worker, removed, order)
    assert cluster.manager("task", "exec", task, "ls", "/tmp").stdout == ""
    assert '"exit":0' in ask_port(cluster, worker, manager_certificate(cluster, own, keys),
                                  json.dumps({"words": ["exec", container, "true"]}))
    # The same by the manager's own, so that the refusals are for who asked.
    assert '"exit":0' in ask_port(cluster, worker, credentials(cluster.manager), order)
    assert cluster.manager("task", "exec", task, "ls", "/tmp").stdout == "mark\n"


def test_managers_reach_the_containers_of_tasks_alone(cluster, task, busybox_image):
    worker = holder_of(cluster, task)
    manager = credentials(cluster.manager)
    container = describe(cluster, [task])[0]["containers"][0]["runtimeId"]
    own = worker("run", "-d", "--network", "none", busybox_image, "sleep", "1000").stdout.strip()
    own = worker("inspect", "-f", "{{.Id}}", own).stdout.strip()
    try:
        for words, why in (
                (["exec", own, "touch", "/mark"], "no container of a task"),
                (["logs", own], "no container of a task"),
                (["logs", "f" * 64], "no such file"),
                (["exec", "--privileged", container, "id"], "not streamed"),
                (["exec", "--env-file", "/etc/shadow", container, "env"], "not streamed"),
                (["rm", "-f", container], "only logs and exec"),
                (["--root", "/", "exec", container, "id"], "only logs and exec")):
            said = ask_port(cluster, worker, manager, json.dumps({"words": words}))
            assert '"error"' in said and why in said.lower(), said
        assert worker("exec", own, "ls", "/mark", check=False).returncode == 1
    finally:
        worker("rm", "-f", own)


def test_broken_frames_end_the_connection_alone(cluster, task):
    worker = holder_of(cluster, task)
    manager = credentials(cluster.manager)
    for frames, more in ((["no json"], {}), (["[]"], {}), (["{}"], {}), (["x"], {"size": 1 << 31}),
                         (["[" * 5000], {}), (['{"words": 3}'], {})):
        said = ask_port(cluster, worker, manager, *frames, **more)
        assert said == "" or '"error"' in said, said
    assert cluster.manager("task", "exec", task, "echo", "alive").stdout == "alive\n"


def test_half_open_connections_take_nobodys_place(cluster, task):
    worker = holder_of(cluster, task)
    other = next(host for host in cluster.hosts[1:] if host is not worker)
    # They connect and say nothing, from two hosts.
    script = """
import socket, sys, time
held = [socket.create_connection((sys.argv[1], 7445)) for _ in range(200)]
print("held", flush=True)
for each in held:
    each.settimeout(60)
    try:
        assert each.recv(1) == b""
    except ConnectionResetError:
        pass
print("over", flush=True)
"""
    holder = subprocess.Popen(other._inside("python3", "-c", script, worker.address),
                              stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        assert cluster.manager("task", "exec", task, "echo", "still").stdout == "still\n"
        assert holder.stdout.readline() == "over\n"
    finally:
        holder.kill()
        holder.wait()


def test_calls_are_in_the_audit_logs_of_both_hosts(cluster, task):
    worker = holder_of(cluster, task)
    cluster.manager("task", "exec", "-e", "PASSWORD=hunter2", task, "true")
    for host in (cluster.manager, worker):
        path = host.root / "audit" / "log"

        def found(path=path):
            return [each for each in map(json.loads, path.read_text().splitlines())
                    if each["eventName"] == "TaskExec" and "PASSWORD" in json.dumps(each)]

        wait_until(found, cluster=cluster)
        assert len(found()) == 1, found()
        assert "hunter2" not in path.read_text()
