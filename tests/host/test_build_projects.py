"""The Dockerfiles of ten well-known kinds of project are built, and their images run."""

import pytest

import build_context
import images
import package_layer

ENVIRONMENT = {"Env": ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["/bin/sh"]}


@pytest.fixture(scope="module")
def make_base(registry, busybox_rootfs):
    """make_base("python", "python3-minimal", …): busybox with these Debian packages above it."""
    def make(name, *packages):
        layers = [images.layer_of_directory(busybox_rootfs)]
        layers.append(package_layer.layer_of_packages(*packages))
        registry.push(f"base-{name}", "latest", images.Image(layers, config=ENVIRONMENT))
        return f"{registry.address}/base-{name}:latest"
    return make


@pytest.fixture
def context(shared_ikada, busybox_image, tmp_path):
    made = build_context.BuildContext(shared_ikada, tmp_path / "context", busybox_image)
    yield made
    assert made.leftovers() == []


def run(context, image, *command, options=()):
    return context.ikada("run", "--rm", "--network", "none", *options, image, *command).stdout


def test_c_in_two_stages(context, make_base):
    compiler = make_base("c", "tcc", "libc6", "libc6-dev", "linux-libc-dev")
    context.write("include/greet.h", "const char* greet(void);\n")
    context.write("greet.c", "#include \"greet.h\"\nconst char* greet(void) { return NAME; }\n")
    context.write("main.c", "#include <stdio.h>\n#include \"greet.h\"\n"
                            "int main(void) { puts(greet()); return 0; }\n")
    image = context.build(
        f"FROM {compiler} AS build\nARG name=world\nWORKDIR /src\nCOPY include include\n"
        "COPY *.c ./\n"
        "RUN for f in *.c; do \\\n"
        "      tcc -c -Iinclude -DNAME=\"\\\"hello $name\\\"\" \"$f\" || exit 1; done \\\n"
        "  && tcc -o /app *.o\n"
        "FROM scratch\nCOPY --from=build /lib64/ld-linux-x86-64.so.2 /lib64/\n"
        "COPY --from=build /lib/x86_64-linux-gnu/libc.so.6 /lib/x86_64-linux-gnu/\n"
        "COPY --from=build /app /app\nUSER 65534:65534\nENTRYPOINT [\"/app\"]\n",
        "--build-arg", "name=raft")

    assert run(context, image) == "hello raft\n"
    assert len(context.config(image)["RootFS"]["Layers"]) == 3


GO = """#!/bin/sh
set -e
case $1 in
  mod) mkdir -p /cache/mod && [ -e /cache/mod/dep ] || echo dep > /cache/mod/dep ;;
  build) { echo '#!/bin/sh'; cat /cache/mod/dep "$4" | sed 's/^/echo /'; } > "$3"; chmod +x "$3" ;;
esac
"""


def test_go_with_a_module_cache(context):
    context.write("go", GO, 0o755)
    context.write("go.mod", "module example\n")
    context.write("cmd/server/main.go", "server\n")
    image = context.build(
        "# syntax=docker/dockerfile:1\n"
        "FROM --platform=$BUILDPLATFORM BASE AS base\nCOPY go /usr/bin/go\n"
        "FROM base AS build\nARG TARGETOS TARGETARCH\nWORKDIR /src\nCOPY go.mod ./\n"
        "RUN --mount=type=cache,target=/cache/mod go mod download\nCOPY . .\n"
        "RUN --mount=type=cache,target=/cache/mod GOOS=$TARGETOS GOARCH=$TARGETARCH \\\n"
        "    go build -o /out-$TARGETARCH cmd/server/main.go && mv /out-$TARGETARCH /server\n"
        "FROM BASE\nCOPY --from=build --chmod=0555 /server /server\nEXPOSE 8080\n"
        "ENTRYPOINT [\"/server\"]\n")

    assert run(context, image) == "dep\nserver\n"
    assert context.sh(image, "ls -A /cache 2>&1 | wc -l", "--entrypoint", "").strip() in ("0", "1")


def test_node_with_its_packages(context):
    context.write("package.json", '{"name": "web", "dependencies": {"left": "1"}}\n')
    context.write("npm", "#!/bin/sh\n"
                  "mkdir -p node_modules/left && echo left > node_modules/left/i\n",
                  0o755)
    context.write("node_modules/stale", "not to be copied")
    context.write(".dockerignore", "node_modules\nnpm-debug.log\n")
    context.write("server.js", "cat node_modules/*/i; ls node_modules; id -un; echo $NODE_ENV\n")
    image = context.build(
        "FROM BASE\nCOPY npm /usr/bin/npm\n"
        "RUN echo 'node:x:1001:1001::/:/bin/sh' >> /etc/passwd && \\\n"
        "    echo 'node:x:1001:' >> /etc/group\n"
        "ENV NODE_ENV=production\nWORKDIR /usr/src/app\nCOPY package*.json ./\nRUN npm ci\n"
        "COPY --chown=node:node . .\nUSER node\nEXPOSE 3000\nCMD [ \"sh\", \"server.js\" ]\n")

    assert run(context, image) == "left\nleft\nnode\nproduction\n"


def test_python_app(context, make_base):
    python = make_base("python", "python3.11-minimal", "libpython3.11-minimal", "libc6",
                       "libexpat1", "zlib1g")
    context.write("requirements.txt", "# none\n")
    context.write("app/__init__.py", "")
    context.write("app/__main__.py", "import sys, os\nprint('python', os.getuid(), sys.argv[1:])\n")
    image = context.build(
        f"FROM {python}\nENV PYTHONDONTWRITEBYTECODE=1 \\\n    PYTHONUNBUFFERED=1\nWORKDIR /app\n"
        "COPY requirements.txt .\nRUN grep -v '^#' requirements.txt || true\nCOPY app app\n"
        "RUN <<EOF\n#!/usr/bin/python3.11\nimport pathlib\n"
        "pathlib.Path('/app/built').write_text('by python')\nEOF\n"
        "RUN echo app:x:100:100::/:/bin/sh >> /etc/passwd && \\\n"
        "    echo app:x:100: >> /etc/group && chown -R app:app /app\nUSER app\n"
        "ENTRYPOINT [\"python3.11\", \"-m\", \"app\"]\nCMD [\"--default\"]\n")

    assert run(context, image) == "python 100 ['--default']\n"
    assert run(context, image, "-x") == "python 100 ['-x']\n"
    assert context.sh(image, "cat /app/built", "--entrypoint", "") == "by python"


def test_static_site(context):
    context.write("assets/style.css", "body { color: black }\n")
    context.write("index.html.in", "<title>@TITLE@</title>\n")
    context.write("httpd.conf", "H:/usr/share/nginx/html\n")
    image = context.build(
        "FROM BASE AS assets\nARG TITLE=Site\nWORKDIR /site\nCOPY assets/ .\nCOPY index.html.in .\n"
        "RUN sed \"s/@TITLE@/$TITLE/\" index.html.in > index.html && rm index.html.in\n"
        "FROM BASE\nRUN rm -rf /usr/share/nginx/html && mkdir -p /usr/share/nginx/html\n"
        "COPY httpd.conf /etc/httpd.conf\nCOPY --from=assets /site /usr/share/nginx/html\n"
        "EXPOSE 80\nSTOPSIGNAL SIGQUIT\nCMD [\"httpd\", \"-f\", \"-c\", \"/etc/httpd.conf\"]\n",
        "--build-arg", "TITLE=Raft")

    assert run(context, image, "sh", "-c",
               "httpd -c /etc/httpd.conf; wget -qO- http://127.0.0.1/ http://127.0.0.1/style.css"
               ) == "<title>Raft</title>\nbody { color: black }\n"


def test_java_with_layers_of_an_application(context):
    context.write("mvnw", "#!/bin/sh\nmkdir -p target/lib target/classes\n"
                  "echo lib > target/lib/l.jar\n"
                          "cp src/App.java target/classes/App.class\n", 0o755)
    context.write("src/App.java", "echo application \"$@\" $JAVA_OPTS\n")
    context.write("java", "#!/bin/sh\nshift; f=$1; shift; . /app/classes/$f.class\n", 0o755)
    image = context.build(
        "FROM BASE AS builder\nWORKDIR /build\nCOPY mvnw .\nCOPY src src\n"
        "RUN --mount=type=cache,target=/root/.m2 ./mvnw -q package\n"
        "FROM BASE\nVOLUME /tmp\nARG DEPENDENCY=/build/target\n"
        "ADD java /usr/bin/\n"
        "COPY --from=builder ${DEPENDENCY}/lib /app/lib\n"
        "COPY --from=builder ${DEPENDENCY}/classes /app/classes\n"
        "ENV JAVA_OPTS=\"-Xmx64m -Dx=y\"\n"
        "ENTRYPOINT [\"java\",\"-cp\",\"App\"]\n")

    assert run(context, image, "one") == "application one -Xmx64m -Dx=y\n"


def test_perl_cgi(context, make_base):
    perl = make_base("perl", "perl-base", "libc6", "libcrypt1")
    context.write("cgi-bin/hello.pl",
                  "#!/usr/bin/perl\nprint \"Content-type: text/plain\\n\\n"
                  "perl $ENV{QUERY_STRING}\\n\";\n")
    image = context.build(
        f"FROM {perl}\nLABEL org.opencontainers.image.title=\"A CGI\" \\\n      version='1.0'\n"
        "COPY --chmod=755 cgi-bin /www/cgi-bin\nRUN perl -c /www/cgi-bin/hello.pl\n"
        "HEALTHCHECK --interval=30s --timeout=3s CMD wget -qO- http://localhost/ || exit 1\n"
        "CMD httpd -f -h /www\n")

    assert run(context, image, "sh", "-c", "httpd -h /www; "
               "wget -qO- 'http://127.0.0.1/cgi-bin/hello.pl?q=1'") == "perl q=1\n"


def test_worker_with_an_entrypoint_script(context):
    context.write("docker-entrypoint.sh",
                  "#!/bin/sh\nset -e\n[ \"$1\" = worker ] && shift && exec sh -c 'echo working on "
                  "$QUEUE in $(pwd)'\nexec \"$@\"\n", 0o755)
    context.write("crontab", "* * * * * echo tick\n")
    image = context.build(
        "FROM BASE\nRUN set -eux; \\\n    # where jobs are\n"
        "    mkdir -p /var/spool/cron/crontabs; \\\n"
        "    chmod 1730 /var/spool/cron/crontabs\n"
        "COPY crontab /var/spool/cron/crontabs/root\nCOPY docker-entrypoint.sh /usr/bin/\n"
        "ENV QUEUE default\nVOLUME [\"/data\"]\nWORKDIR /data\nSTOPSIGNAL SIGTERM\n"
        "ENTRYPOINT [\"docker-entrypoint.sh\"]\nCMD [\"worker\"]\n")

    assert run(context, image) == "working on default in /data\n"
    assert run(context, image, "echo", "other", options=("-e", "QUEUE=q")) == "other\n"
    assert run(context, image, "stat", "-c", "%a", "/var/spool/cron/crontabs") == "1730\n"


def test_company_base_with_users_and_onbuild(context):
    context.build(
        "FROM BASE\nARG UID=2000\nRUN echo app:x:$UID:$UID::/:/bin/sh >> /etc/passwd && \\\n"
        "    echo app:x:$UID: >> /etc/group \\\n"
        " && mkdir -p /srv/app && chown app:app /srv/app && chmod 2775 /srv/app\n"
        "SHELL [\"/bin/sh\", \"-eo\", \"pipefail\", \"-c\"]\n"
        "ONBUILD COPY --chown=app:app . /srv/app\nONBUILD USER app\n"
        "ONBUILD RUN ls > /tmp/n; wc -l < /tmp/n > count\n"
        "WORKDIR /srv/app\n", "-t", "company/base:1")
    context.write("file", "x")
    image = context.build("FROM company/base:1\n"
                          "RUN false | true || echo pipefail > /srv/app/shell\n")

    assert context.sh(image, "id -u; cat count shell; stat -c '%U %a' /srv/app /srv/app/file") == (
        "2000\n2\npipefail\napp 2775\napp 644\n")


def test_several_targets_of_one_file(context):
    context.write("app", "#!/bin/sh\necho app $MODE\n", 0o755)
    context.write("check", "#!/bin/sh\n/app/app | grep -q app\n", 0o755)
    text = ("ARG VARIANT=plain\nFROM BASE AS base-plain\nENV V=plain\nFROM BASE AS base-debug\n"
            "ENV V=debug\nRUN echo tools > /tools\nFROM base-${VARIANT} AS common\nWORKDIR /app\n"
            "COPY app .\nFROM common AS dev\nENV MODE=dev\nCMD [\"./app\"]\n"
            "FROM common AS test\nENV MODE=test\nCOPY check .\n"
            "RUN ./check && echo passed > /passed\n"
            "FROM common AS prod\nENV MODE=prod\nCOPY --from=test /passed /passed\nUSER 1\n"
            "CMD [\"./app\"]\n")
    for target in ("dev", "prod"):
        assert run(context, context.build(text, "--target", target)) == f"app {target}\n"
    debug = context.build(text, "--target", "dev", "--build-arg", "VARIANT=debug")
    assert context.sh(debug, "cat /tools; echo $V") == "tools\ndebug\n"
    assert context.sh(context.build(text), "cat /passed; id -u") == "passed\n1\n"
