"""`ikada build`: what each instruction makes of an image."""

import http.server
import io
import json
import os
import re
import signal
import tarfile
import threading
import time

import pytest

import build_context
import images


@pytest.fixture
def context(shared_ikada, busybox_image, tmp_path):
    made = build_context.BuildContext(shared_ikada, tmp_path / "context", busybox_image)
    yield made
    assert made.leftovers() == []


def layers_of(context, image):
    return context.config(image)["RootFS"]["Layers"]


def trees_of(context, image):
    return images.stored_trees(context.ikada.root, context.config(image)["Id"])


def test_a_small_build_runs_and_is_named(context):
    context.write("hello", "hello\n")
    result = context.run("FROM BASE\nCOPY hello /hello\nRUN cat /hello > /copy && id -u >> /copy\n"
                         "ENV A=1\nCMD [\"cat\", \"/copy\"]\n", "-t", "small", "-t", "other:2")

    assert "[stage-0 2/3] COPY hello /hello" in result.stderr
    assert "naming to docker.io/library/other:2 done" in result.stderr
    assert context.ikada("run", "--rm", "small").stdout == "hello\n0\n"
    config = context.config("other:2")
    assert "A=1" in config["Config"]["Env"]
    assert config["Architecture"] == "amd64"
    assert len(config["RootFS"]["Layers"]) == 3


def test_a_cached_build_gives_the_same_image(context):
    context.write("a", "1")
    text = "FROM BASE\nWORKDIR /w\nCOPY a .\nRUN date +%N > /date\nRUN true\nLABEL x=y\n"
    first = context.build(text)
    result = context.run(text, "--iidfile", context.directory / "id")

    assert (context.directory / "id").read_text() == first
    assert result.stderr.count(" CACHED") == 4
    os.utime(context.directory / "a", (1, 1))
    assert context.build(text) == first
    context.write("a", "2")
    assert context.build(text) != first
    assert "CACHED" not in context.run(text, "--no-cache").stderr


def test_copy_puts_files_where_docker_does(context):
    for name in ("a.txt", "b.txt", "c.md", "d/one", "d/two/three"):
        context.write(name, name)
    os.symlink("d/one", context.directory / "link")
    image = context.build("FROM BASE\n"
                          "WORKDIR /w\n"
                          "COPY a.txt here\n"
                          "COPY a.txt dir/\n"
                          "COPY *.txt texts/\n"
                          "COPY d /plain\n"
                          "COPY d/ c.md /mixed/\n"
                          "COPY link followed\n"
                          "COPY a.txt /etc\n"
                          "COPY [\"b.txt\", \"with space\"]\n"
                          "COPY <<one <<two /docs/\nfirst $HOME\none\nsecond\ntwo\n")
    listing = context.sh(
        image, "find /w /plain /mixed /docs /etc/a.txt -type f | sort; cat /w/followed; "
               "echo; cat /docs/one; stat -c '%u:%g %a' /w/here /plain /plain/two")

    assert listing.split("\n") == [
        "/docs/one", "/docs/two", "/etc/a.txt", "/mixed/c.md", "/mixed/one", "/mixed/two/three",
        "/plain/one", "/plain/two/three", "/w/dir/a.txt", "/w/followed", "/w/here",
        "/w/texts/a.txt", "/w/texts/b.txt", "/w/with space", "d/one", "first ",
        "0:0 644", "0:0 755", "0:0 755", ""]


def test_copy_sets_owners_and_modes(context):
    context.write("f", "x")
    image = context.build(
        "FROM BASE\n"
        "RUN echo 'web:x:70:71::/:/bin/sh' >> /etc/passwd && echo 'staff:x:72:' >> /etc/group\n"
        "COPY --chown=web f /a\n"
        "COPY --chown=web:staff --chmod=4750 f /new/b\n"
        "COPY --chown=1000 f /c\n"
        "COPY --link --chmod=600 f /linked/d\n")

    assert context.sh(image, "stat -c '%n %u:%g %a' /a /new /new/b /c /linked/d") == (
        "/a 70:71 644\n/new 70:72 755\n/new/b 70:72 4750\n/c 1000:1000 644\n/linked/d 0:0 600\n")
    failed = context.run("FROM BASE\nCOPY --chown=nobody-here f /a\n", check=False)
    assert failed.returncode == 1
    assert "Dockerfile:2: COPY: --chown: unable to find user nobody-here" in failed.stderr


def test_variables_reach_where_they_should(context):
    image = context.build(
        "ARG tag=wrong\nARG base=BASE\nFROM $base AS first\n"
        "ARG tag\nARG own=default\nARG given\n"
        "ENV PLACE=/p/$own E2=${PLACE:-none}\n"
        "WORKDIR $PLACE\n"
        "RUN echo \"$tag $own $given $PLACE $E2\" > out\n"
        "LABEL label=$given\nUSER ${user:-7}\nEXPOSE 80 $own_port 90-91/udp\n"
        "STOPSIGNAL ${sig:-SIGINT}\nVOLUME $PLACE/v\n",
        "--build-arg", "tag=right", "--build-arg", "given=x y")
    config = context.config(image)["Config"]

    assert context.sh(image, "cat /p/default/out") == "right default x y /p/default none\n"
    assert config["Labels"]["label"] == "x y"
    assert config["User"] == "7"
    assert sorted(config["ExposedPorts"]) == ["80/tcp", "90/udp", "91/udp"]
    assert config["StopSignal"] == "SIGINT"
    assert list(config["Volumes"]) == ["/p/default/v"]


def test_commands_health_and_shell(context):
    image = context.build("FROM BASE\nCMD old\nENTRYPOINT [\"/bin/echo\", \"-n\"]\n"
                          "SHELL [\"/bin/sh\", \"-ec\"]\nRUN false || echo ok > /ok\n"
                          "HEALTHCHECK --interval=5s --retries=2 CMD test -f /ok\n"
                          "ONBUILD RUN true\nCMD [\"a b\"]\nMAINTAINER me\n")
    config = context.config(image)

    assert config["Config"]["Shell"] == ["/bin/sh", "-ec"]
    assert config["Config"]["OnBuild"] == ["RUN true"]
    assert config["Config"]["Healthcheck"] == {"Test": ["CMD-SHELL", "test -f /ok"],
                                               "Interval": 5 * 10**9, "Retries": 2}
    assert config["Config"]["Entrypoint"] == ["/bin/echo", "-n"]
    assert config["Config"]["Cmd"] == ["a b"]
    assert context.ikada("run", "--rm", image).stdout == "a b"
    base = context.config(context.build("FROM BASE\nCMD one\nENTRYPOINT two\n"))["Config"]
    assert base["Entrypoint"] == ["/bin/sh", "-c", "two"]
    assert base["Cmd"] == ["/bin/sh", "-c", "one"]


def test_run_here_documents_and_exec_form(context):
    image = context.build("FROM BASE\n"
                          "RUN <<EOF\necho \"$0\" > /a\nx=1\necho $x >> /a\nEOF\n"
                          "RUN <<EOF\n#!/usr/bin/awk -f\nBEGIN { print \"awk\" > \"/b\" }\n"
                          "EOF\n"
                          "RUN cat <<EOF > /c\nin $PATH\nEOF\n"
                          "RUN [\"/bin/sh\", \"-c\", \"echo exec > /d\"]\n")

    assert context.sh(image, "cat /a /b /c /d") == (
        "/bin/sh\n1\nawk\nin /usr/sbin:/usr/bin:/sbin:/bin\nexec\n")


def test_a_run_leaves_no_trace_of_its_container(context):
    image = context.build("FROM BASE\n"
                          "RUN --mount=type=tmpfs,target=/made/tmp echo x > /made/tmp/x\n"
                          "RUN true\n")

    assert layers_of(context, image) == layers_of(context, context.base)
    image = context.build("FROM scratch\nCOPY --from=BASE /bin /bin\nRUN echo x > /x\n")
    assert context.sh(image, "ls -A /etc | head; cat /x").endswith("x\n")
    path = trees_of(context, image)[-1]
    assert sorted(os.listdir(path)) == ["x"]


def test_stages_copy_from_each_other_and_unneeded_ones_are_left_out(context):
    context.write("f", "x")
    text = ("FROM BASE AS build\nRUN mkdir /out && echo built > /out/a && chown 5:6 /out/a\n"
            "FROM BASE AS broken\nRUN false\n"
            "FROM build AS more\nRUN echo more >> /out/a\n"
            "FROM scratch\nCOPY --from=more /out /\nCOPY --from=0 /out/a /first\n"
            "COPY --from=BASE /bin/busybox /bin/sh\n")
    image = context.build(text)

    assert context.sh(image, "read x < /first; echo $x; while read x; do echo $x; done < /a") == (
        "built\nbuilt\nmore\n")
    path = trees_of(context, image)[0]
    assert (path / "a").stat().st_uid == 5
    failed = context.run(text, "--target", "BROKEN", check=False)
    assert failed.returncode == 1
    assert "Dockerfile:4: RUN: the command '/bin/sh -c false' returned a non-zero code: 1" in (
        failed.stderr)
    missing = context.run(text, "--target", "nothing", check=False)
    assert "target stage \"nothing\" could not be found" in missing.stderr


def test_independent_stages_are_built_at_the_same_time(context):
    # Each waits for the other.
    run = ("RUN --mount=type=cache,target=/c,id=meeting touch /c/{} /{}; n=0; "
           "until test -e /c/{}; do n=$((n + 1)); test $n -lt 600 || exit 1; sleep 0.1; done\n")
    context.build("FROM BASE AS a\n" + run.format("a", "a", "b") +
                  "FROM BASE AS b\n" + run.format("b", "b", "a") +
                  "FROM BASE\nCOPY --from=a /a /\nCOPY --from=b /b /\n", "--no-cache")


def test_mounts_of_run(context):
    context.write("src/in", "from the context\n")
    (context.directory / "secret").write_text("s3cr3t-of-the-test")
    image = context.build(
        "FROM BASE AS other\nRUN mkdir /t && echo stage > /t/x\n"
        "FROM BASE\nWORKDIR /w\n"
        "RUN --mount=type=bind,source=src,target=src cat src/in > /a; touch src/no 2>/dev/null || "
        "echo ro >> /a\n"
        "RUN --mount=type=bind,target=/ctx,rw echo changed > /ctx/src/in && cat /ctx/src/in >> /a\n"
        "RUN --mount=type=bind,from=other,source=/t,target=/t cat /t/x >> /a\n"
        "RUN --mount=type=cache,target=/c,id=one,uid=7,mode=0750 "
        "echo n >> /c/count; stat -c '%u %a' /c >> /a\n"
        "RUN --mount=type=cache,target=/c,id=one wc -l < /c/count >> /a\n"
        "RUN --mount=type=secret,id=s,uid=3,mode=0444 stat -c '%u %a' /run/secrets/s >> /a; "
        "cat /run/secrets/s > /dev/null\n"
        "RUN --mount=type=secret,id=s,env=S test \"$S\" = s3cr3t-of-the-\"$(echo test)\"\n"
        "RUN --mount=type=secret,id=absent test ! -e /run/secrets/absent\n"
        "RUN --mount=type=tmpfs,target=/t2,size=1m df -m /t2 | tail -1 | awk '{print $2}' >> /a\n",
        "--secret", f"id=s,src={context.directory / 'secret'}")

    assert context.sh(image, "cat /a") == (
        "from the context\nro\nchanged\nstage\n7 750\n1\n3 444\n1\n")
    assert (context.directory / "src" / "in").read_text() == "from the context\n"
    assert context.sh(image, "ls -A / /w").find("ctx") == -1
    hits = [path for directory in ("layers", "images", "build")
            for path in (context.ikada.root / directory).rglob("*")
            if path.is_file() and not path.is_symlink()
            and b"s3cr3t-of-the-test" in path.read_bytes()]
    assert hits == []
    failed = context.run("FROM BASE\nRUN --mount=type=secret,id=x,required true\n", check=False)
    assert "Dockerfile:2: RUN: secret x: not found" in failed.stderr


def test_cache_mounts_outlive_builds_until_they_are_pruned(context):
    text = ("FROM BASE\nARG n\nRUN --mount=type=cache,target=/c,sharing=locked echo $n >> /c/l; "
            "cp /c/l /l\n")
    context.build(text, "--build-arg", "n=1")
    assert context.sh(context.build(text, "--build-arg", "n=2"), "cat /l") == "1\n2\n"
    context.ikada("builder", "prune", "-f", "-a")
    assert context.sh(context.build(text, "--build-arg", "n=3"), "cat /l") == "3\n"


@pytest.mark.parametrize("source", ["../../etc/hostname", "/etc/../../etc/hostname", "up",
                                    "deep/up/hostname", "root/etc/hostname"])
def test_r_35_nothing_outside_the_context_is_reached(context, source):
    marker = context.directory.parent / "outside"
    marker.mkdir()
    (marker / "hostname").write_text("outside")
    (context.directory / "deep").mkdir()
    os.symlink("../../outside", context.directory / "up")
    os.symlink("../../../outside", context.directory / "deep" / "up")
    os.symlink("/", context.directory / "root")
    for text in (f"FROM BASE\nCOPY {source} /x\n",
                 f"FROM BASE\nRUN --mount=type=bind,source={source},target=/x cat /x > /y\n"):
        failed = context.run(text, check=False)
        assert failed.returncode == 1, text
        assert "Dockerfile:2:" in failed.stderr


def test_r_35_symlinks_of_a_stage_stay_inside_it(context):
    context.write("f", "x")
    canary = context.directory.parent / "canary"
    canary.mkdir()
    image = context.build(
        f"FROM BASE AS trap\nRUN ln -s {canary} /d && ln -s /etc/passwd /p && mkdir -p /real && "
        "ln -s /../../../../real /up && echo inner > /etc/passwd\n"
        "FROM trap\nCOPY f /up/in\nWORKDIR /up/made\n"
        "RUN --mount=type=bind,from=trap,source=/p,target=/m cat /m > /out\n"
        "COPY --from=trap /p /copied\n")

    assert list(canary.iterdir()) == []
    assert context.sh(image, "cat /out /copied; ls /real") == "inner\ninner\nin\nmade\n"
    failed = context.run(f"FROM BASE AS trap\nRUN ln -s {canary} /d\nFROM trap\nCOPY f /d/\n",
                         check=False)
    assert list(canary.iterdir()) == []
    assert failed.returncode in (0, 1)


def test_dockerignore_decides_what_counts(context):
    for name in ("a.o", "keep.o", "src/b.o", "src/c.c", "node_modules/x"):
        context.write(name, name)
    context.write(".dockerignore", "**/*.o\n!keep.o\nnode_modules\n")
    image = context.build("FROM BASE\nCOPY . /all/\n")
    assert context.sh(image, "cd /all && find . -type f | sort") == (
        "./.dockerignore\n./Dockerfile\n./keep.o\n./src/c.c\n")
    failed = context.run("FROM BASE\nCOPY a.o /\n", check=False)
    assert "excluded by .dockerignore" in failed.stderr
    context.write("Dockerfile.dockerignore", "*\n!a.o\n")
    assert context.sh(context.build("FROM BASE\nCOPY . /all/\n"), "ls /all") == "a.o\n"


def make_tar(path, mode, files):
    with tarfile.open(path, mode) as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.uid, info.mode = len(text), 9, 0o640
            tar.addfile(info, io.BytesIO(text.encode()))


def test_add_unpacks_archives_and_copies_the_rest(context):
    make_tar(context.directory / "a.tar", "w", {"one": "1"})
    make_tar(context.directory / "b.tgz", "w:gz", {"d/two": "2"})
    make_tar(context.directory / "c.tar.xz", "w:xz", {"three": "3"})
    make_tar(context.directory / "d.tar.bz2", "w:bz2", {"four": "4"})
    context.write("not.tar.gz", "just text")
    image = context.build("FROM BASE\nADD a.tar b.tgz c.tar.xz d.tar.bz2 /x/\nADD not.tar.gz /y/\n"
                          "ADD --unpack=false a.tar /z.tar\n")
    assert context.sh(image, "cd /x; cat one d/two three four /y/not.tar.gz; stat -c %u:%a one; "
                             "tar tf /z.tar") == "1234just text9:640\none\n"
    cut = (context.directory / "c.tar.xz").read_bytes()[:-20]
    (context.directory / "c.tar.xz").write_bytes(cut)
    failed = context.run("FROM BASE\nADD c.tar.xz /\n", check=False)
    assert "compressed data is truncated" in failed.stderr


def test_add_takes_files_from_the_network(context):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/d/file.txt" else 404)
            self.send_header("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
            self.end_headers()
            self.wfile.write(b"remote")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        image = context.build(f"FROM BASE\nADD {url}/d/file.txt /x/\n")
        assert context.sh(image, "cat /x/file.txt; stat -c ' %a %Y' /x/file.txt") == (
            "remote 600 1445412480\n")
        failed = context.run(f"FROM BASE\nADD {url}/none /x\n", check=False)
        assert "Dockerfile:2: ADD:" in failed.stderr and "404" in failed.stderr
        wrong = context.run(f"FROM BASE\nADD --checksum=sha256:{'0' * 64} {url}/d/file.txt /x\n",
                            check=False)
        assert "digest mismatch" in wrong.stderr
    finally:
        server.shutdown()
        server.server_close()


def test_onbuild_is_done_by_who_builds_on_it(context):
    context.write("f", "x")
    context.build("FROM BASE\nONBUILD COPY f /on\nONBUILD RUN echo y >> /on\n", "-t", "onbuild")
    image = context.build("FROM onbuild\nRUN cat /on > /seen\n")

    assert context.sh(image, "cat /seen") == "xy\n"
    # It is done once: who builds on that image does not do it again.
    again = context.build("FROM " + image.removeprefix("sha256:") + "\nRUN true\n")
    assert context.sh(again, "cat /on") == "xy\n"


def test_contexts_on_stdin_and_in_files(context):
    make_tar(context.directory / "c.tar", "w:gz", {
        "Dockerfile": f"FROM {context.base}\nCOPY f /f\n", "f": "tar",
        "other": f"FROM {context.base}\nRUN echo other > /f\n"})
    archive = context.directory / "c.tar"
    for arguments, stdin in ((["-q", archive], None), (["-q", "-"], archive)):
        with open(stdin or "/dev/null", "rb") as opened:
            image = context.ikada("build", *arguments, stdin=opened).stdout.strip()
        assert context.sh(image, "cat /f") == "tar"
    image = context.ikada("build", "-q", "-f", "other", archive).stdout.strip()
    assert context.sh(image, "cat /f") == "other\n"
    text = context.directory / "text"
    text.write_text(f"FROM {context.base}\nRUN echo alone > /f\n")
    with open(text, "rb") as opened:
        image = context.ikada("build", "-q", "-", stdin=opened).stdout.strip()
    assert context.sh(image, "cat /f") == "alone\n"
    context.write("g", "dir")
    text.write_text(f"FROM {context.base}\nCOPY g /f\n")
    with open(text, "rb") as opened:
        image = context.ikada("build", "-q", "-f", "-", context.directory, stdin=opened)
    assert context.sh(image.stdout.strip(), "cat /f") == "dir"


def test_outputs(context):
    context.write("f", "x")
    text = "FROM scratch\nCOPY --chown=3:4 f /d/f\n"
    out = context.directory.parent / "out"
    before = context.ikada("images", "-q").stdout
    context.run(text, "-o", out)
    assert (out / "d" / "f").read_text() == "x"
    assert (out / "d" / "f").stat().st_gid == 4
    context.run(text, "-o", f"type=tar,dest={out}.tar")
    with tarfile.open(f"{out}.tar") as tar:
        assert tar.getnames() == ["d", "d/f"]
    assert context.ikada("images", "-q").stdout == before


def test_source_date_epoch_gives_the_same_digest_twice(context):
    context.write("f", "x")
    text = "FROM BASE\nWORKDIR /w\nCOPY f f\nRUN date > /dev/null; touch /t; mkdir /m\n"
    environment = {**context.ikada.environment, "SOURCE_DATE_EPOCH": "1700000000"}
    first = context.build(text, "--no-cache", env=environment)
    time.sleep(1.1)
    second = context.build(text, "--no-cache", env=environment)

    assert first == second
    assert context.config(first)["Created"].startswith("2023-11-14T22:13:20")


def test_networks_and_hosts_of_run(context):
    image = context.build("FROM BASE\nRUN --network=none ls /sys/class/net > /none\n"
                          "RUN ls /sys/class/net > /bridge; grep -c 9.8.7.6 /etc/hosts > /hosts\n",
                          "--add-host", "there:9.8.7.6")
    assert context.sh(image, "cat /none; grep -c eth0 /bridge; cat /hosts") == "lo\n1\n1\n"


def test_a_failed_build_names_the_step_and_keeps_what_was_done(context):
    text = "FROM BASE\nRUN echo first > /a\nRUN echo out; echo err >&2; exit 7\n"
    failed = context.run(text, "-t", "never", check=False)

    assert failed.returncode == 1
    assert failed.stderr.rstrip().endswith(
        "ikada build: Dockerfile:3: RUN: the command '/bin/sh -c echo out; echo err >&2; exit 7' "
        "returned a non-zero code: 7")
    assert re.search(r"^#\d+ \d+\.\d+ out$", failed.stderr, re.M)
    assert re.search(r"^#\d+ \d+\.\d+ err$", failed.stderr, re.M)
    assert "CACHED" in context.run(text, check=False).stderr
    assert context.ikada("inspect", "never", check=False).returncode == 1


@pytest.mark.parametrize("text, message", [
    ("FROM BASE\nFOO x\n", "Dockerfile:2: FOO: unknown instruction"),
    ("FROM BASE\nCOPY nothing /\n", "Dockerfile:2: COPY: file not found in build context"),
    ("FROM BASE\nRUN \"$\n", "Dockerfile:2: RUN: the command"),
    ("FROM BASE\nENV a=${b\n", "Dockerfile:2: ENV: ${b: unexpected end of statement"),
    ("FROM BASE\nCOPY a b /c\n", "Dockerfile:2: COPY: with more than one source file"),
    ("FROM ${nothing}\n", "Dockerfile:1: FROM: base name (${nothing}) should not be blank"),
    ("FROM scratch\nRUN true\n", "Dockerfile:2: RUN: nothing can run in an empty file system"),
    ("FROM BASE\nRUN [\"/none\"]\n", "Dockerfile:2: RUN:"),
    ("FROM BASE\nUSER ghost\nRUN true\n", "Dockerfile:3: RUN: unable to find user ghost"),
    ("FROM 127.0.0.1:1/none\n", "Dockerfile:1: FROM:"),
    ("", "Dockerfile: file with no instructions"),
])
def test_mistakes_name_file_and_line(context, text, message):
    failed = context.run(text, check=False)

    assert failed.returncode == 1
    assert f"ikada build: {message}" in failed.stderr


def test_wrong_usage(context):
    assert context.ikada("build", check=False).returncode == 2
    assert context.ikada("build", "--nothing", ".", check=False).returncode == 2
    for options in (["--progress", "loud"], ["-o", "type=x"], ["-t", "Bad Name"],
                    ["--network", "x"], ["--secret", "src=x"], ["-f", "/nothing"]):
        assert context.run("FROM BASE\n", *options, check=False).returncode == 1, options


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_build_leaves_nothing(context, how):
    context.write("Dockerfile", f"FROM {context.base}\nRUN echo one > /one\n"
                                "RUN echo running; sleep 60\n")
    process = context.ikada.popen("build", context.directory, stderr=-1, text=True)
    for line in process.stderr:
        if line.rstrip().endswith(" running"):
            break
    started = time.monotonic()
    process.send_signal(how)
    process.stderr.read()
    process.stderr.close()
    status = process.wait(timeout=60)

    assert time.monotonic() - started < 40
    assert status == (1 if how == signal.SIGINT else -signal.SIGKILL)
    deadline = time.monotonic() + 60
    # The next command finds what is left.
    context.ikada("ps", "-a")
    context.ikada("images")
    while context.leftovers() and time.monotonic() < deadline:
        time.sleep(0.1)
        context.ikada("ps", "-a")
        context.ikada("images")
    assert context.leftovers() == []
    if how == signal.SIGINT:
        again = context.ikada.popen("build", context.directory, stderr=-1, text=True)
        lines = []
        for line in again.stderr:
            lines.append(line)
            if line.rstrip().endswith(" running"):
                break
        again.send_signal(signal.SIGINT)
        again.stderr.close()
        again.wait(timeout=60)
        assert any(line.rstrip().endswith("CACHED") for line in lines)


def test_removed_images_leave_their_cache_and_prune_takes_it(context):
    text = "FROM BASE\nRUN echo kept > /kept\n"
    context.build(text, "-t", "gone")
    path = trees_of(context, "gone")[-1]
    context.ikada("rmi", "gone")
    assert path.exists()
    assert "CACHED" in context.run(text, "-t", "gone").stderr
    context.ikada("rmi", "gone")
    context.ikada("builder", "prune", "-f", "--filter", "until=24h")
    assert path.exists()
    context.ikada("builder", "prune", "-f")
    assert not path.exists()
