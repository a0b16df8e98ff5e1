"""`ikada build`: what its options do beside the Dockerfile."""

import http.server
import io
import json
import os
import pty
import re
import select
import socket
import subprocess
import tarfile
import threading

import pytest

import build_context
import programs


@pytest.fixture
def context(shared_ikada, busybox_image, tmp_path):
    made = build_context.BuildContext(shared_ikada, tmp_path / "context", busybox_image)
    yield made
    assert made.leftovers() == []


@pytest.mark.parametrize("kind", ["oci", "docker"])
def test_archives_as_output_are_what_other_tools_read(context, tmp_path, kind):
    context.write("f", "x")
    text = "FROM BASE\nCOPY f /f\nCMD [\"cat\", \"/f\"]\n"
    before = context.ikada("images", "-q").stdout
    archive = tmp_path / "image.tar"

    context.run(text, "-o", f"type={kind},dest={archive}", "--iidfile", tmp_path / "id")
    assert context.ikada("images", "-q").stdout == before
    context.run(text, "-o", f"type={kind},dest={tmp_path}/named.tar", "-t", "example.com/named:7")
    context.write("Dockerfile", text.replace("BASE", context.base))
    streamed = subprocess.run(
        context.ikada.command("build", "-q", "-o", f"type={kind},dest=-", context.directory),
        env=context.ikada.environment, capture_output=True, check=True).stdout

    assert streamed == archive.read_bytes()
    for path in (archive, tmp_path / "named.tar"):
        about = json.loads(programs.run("skopeo", "inspect", "--config",
                                        f"{kind}-archive:{path}").stdout)
        assert about["config"]["Cmd"] == ["cat", "/f"]
        assert json.loads(programs.run("skopeo", "inspect",
                                       f"{kind}-archive:{path}").stdout)["Layers"]
    assert context.config("example.com/named:7")["Id"] == (tmp_path / "id").read_text()
    context.ikada("rmi", "example.com/named:7")
    loaded = context.ikada("load", "-i", tmp_path / "named.tar").stdout
    assert loaded == "Loaded image: example.com/named:7\n"
    assert context.ikada("run", "--rm", "example.com/named:7").stdout == "x"
    assert "expected image, local, tar, oci or docker" in context.run(
        text, "-o", "type=registry", check=False).stderr


def test_symbolic_modes_are_those_of_chmod(context):
    context.write("d/file", "x", mode=0o600)
    context.write("d/program", "x", mode=0o700)
    image = context.build("FROM BASE\nCOPY --chmod=u=rwX,go=rX d /a\nCOPY --chmod=g+w,o= d /b\n"
                          "ADD --chmod=a+x d/file /c\n")

    assert context.sh(image, "stat -c '%n %a' /a/* /b/* /c") == (
        "/a/file 644\n/a/program 755\n/b/file 620\n/b/program 720\n/c 711\n")
    failed = context.run("FROM BASE\nCOPY --chmod=u+y d /a\n", check=False)
    assert "Dockerfile:2: COPY: --chmod: expected" in failed.stderr


def test_an_ssh_agent_is_there_for_the_steps_that_mount_it(context, tmp_path):
    path = tmp_path / "agent"
    agent = socket.socket(socket.AF_UNIX)
    agent.bind(str(path))
    agent.listen()
    text = ("FROM BASE\nRUN --mount=type=ssh test -S $SSH_AUTH_SOCK && echo $SSH_AUTH_SOCK > /a\n"
            "RUN test -z $SSH_AUTH_SOCK && ls /run > /b\n"
            "RUN --mount=type=ssh,id=other,target=/my/sock test ! -e /my/sock\n")
    with agent:
        named = context.build(text, "--ssh", f"default={path}")
        context.build(text, "--no-cache", "--ssh", "default",
                      env={**context.ikada.environment, "SSH_AUTH_SOCK": str(path)})

    assert context.sh(named, "cat /a /b").startswith("/run/buildkit/ssh_agent.")
    assert "buildkit" not in context.sh(named, "cat /b; find /run")
    failed = context.run("FROM BASE\nRUN --mount=type=ssh,required true\n", check=False)
    assert "Dockerfile:2: RUN: no ssh agent default: give one with --ssh" in failed.stderr
    (tmp_path / "key").write_text("KEY")
    assert "is not the socket of an ssh agent" in context.run(
        text, "--ssh", f"default={tmp_path}/key", check=False).stderr


def test_limits_of_run(context):
    image = context.build("FROM BASE\nRUN ulimit -n > /n; ulimit -Hn >> /n\n",
                          "--ulimit", "nofile=300:400")

    assert context.sh(image, "cat /n") == "300\n400\n"
    assert "invalid ulimit" in context.run("FROM BASE\n", "--ulimit", "x=1", check=False).stderr


@pytest.fixture
def web(tmp_path):
    """web.files["/path"] = bytes; web.url is where."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            data = self.server.files.get(self.path)
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files = {}
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_context_can_be_an_archive_on_the_network(context, web):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as tar:
        for name, text in (("Dockerfile", f"FROM {context.base}\nCOPY f /f\n"), ("f", "far")):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    web.files["/c.tar.xz"] = buffer.getvalue()
    web.files["/Dockerfile"] = f"FROM {context.base}\nRUN echo alone > /f\n".encode()

    image = context.ikada("build", "-q", f"{web.url}/c.tar.xz").stdout.strip()
    alone = context.ikada("build", "-q", f"{web.url}/Dockerfile").stdout.strip()

    assert context.sh(image, "cat /f") == "far"
    assert context.sh(alone, "cat /f") == "alone\n"
    for where, why in ((f"{web.url}/none", "status 404"),
                       ("https://example.com/project.git", "git repositories are not fetched"),
                       ("git@example.com:project", "git repositories are not fetched"),
                       ("github.com/some/project", "git repositories are not fetched")):
        failed = context.ikada("build", where, check=False)
        assert failed.returncode == 1 and why in failed.stderr, failed


def on_terminal(command, environment):
    """What the command writes to a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(["sh", "-c", 'stty cols 80 rows 24 <&2; exec "$@"', "sh", *command],
                               stderr=theirs, stdout=subprocess.DEVNULL, env=environment)
    os.close(theirs)
    output = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        output += piece
    os.close(ours)
    return process.wait(timeout=60), output.decode()


def screen(output):
    """The lines that are left on it: of the control sequences the display uses two."""
    lines, row = [""], 0
    for text, number, letter in re.findall(r"([^\x1b]*)(?:\x1b\[(\d*)([AJ]))?", output):
        for character in text:
            if character == "\n":
                row += 1
                if row == len(lines):
                    lines.append("")
            elif character != "\r":
                lines[row] += character
        if letter == "A":
            row -= int(number)
        elif letter == "J":
            del lines[row + 1:]
            lines[row] = ""
    return [line.rstrip() for line in lines]


def test_on_a_terminal_only_the_steps_stay(context):
    context.write("Dockerfile", f"FROM {context.base}\nRUN echo first\n"
                                "RUN for i in 1 2 3 4 5 6; do echo noise $i; done; sleep 1\n")
    command = context.ikada.command("build", context.directory)

    status, output = on_terminal(command, context.ikada.environment)
    lines = screen(output)

    assert status == 0
    assert "=> => noise 3" in output
    assert not [line for line in lines if "noise" in line and "RUN" not in line], lines
    steps = [line for line in lines if line.startswith(" => ")]
    assert len(steps) == 3 and all(line.endswith("s") and len(line) == 79 for line in steps), lines
    status, output = on_terminal([*command, "--progress", "plain"], context.ikada.environment)
    assert "CACHED" in output and "\x1b" not in output
    forced = context.ikada("build", "--progress", "tty", context.directory).stderr
    assert " => CACHED [stage-0 2/3] RUN echo first" in forced


def test_on_a_terminal_a_failed_step_shows_its_output(context):
    context.write("Dockerfile", f"FROM {context.base}\n"
                                "RUN echo reason; printf 'more\\033[2J'; exit 3\n")

    status, output = on_terminal(context.ikada.command("build", context.directory),
                                 context.ikada.environment)

    assert status == 1
    lines = screen(output)
    assert any(line.startswith(" => ERROR [stage-0 2/2] RUN echo reason") for line in lines), lines
    assert " => => reason" in lines and " => => more" in lines
    assert "\x1b[2J" not in output
    assert lines[-2].startswith("ikada build: Dockerfile:2: RUN: the command")
