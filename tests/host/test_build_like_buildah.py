"""The same Dockerfiles built by buildah and by ikada leave the same files: ten of them."""

import hashlib
import json
import os
import pathlib
import stat

import pytest

import build_context
import programs

# What a builder puts into a container for a RUN, and neither of them means.
NOBODY_S = {"dev", "proc", "sys", "run", "etc/hosts", "etc/resolv.conf", "etc/hostname", "etc/mtab"}

DOCKERFILES = {
    "copies": """
FROM BASE
WORKDIR /app
COPY a.txt b.txt ./
COPY src /app/src
COPY src/ /app/flat/
COPY *.txt /texts/
COPY a.txt renamed
""",
    "owners-and-modes": """
FROM BASE
RUN echo 'web:x:70:71::/:/bin/sh' >> /etc/passwd
COPY --chown=web a.txt /a
COPY --chown=5:6 src /src
COPY --chmod=640 b.txt /b
""",
    "stages": """
FROM BASE AS build
COPY src /src
RUN mkdir /out && cat /src/* > /out/all 2>/dev/null; chmod 751 /out; ln -s all /out/link
FROM BASE AS unused
RUN false
FROM BASE
COPY --from=build /out /opt/out
COPY --from=build /out/all /opt/
""",
    "add": """
FROM BASE
ADD packed.tar.gz /gz/
ADD packed.tar.xz /xz/
ADD packed.tar.bz2 /bz2/
ADD a.txt /plain/
""",
    "replaces": """
FROM BASE
RUN mkdir -p /d/sub && echo 1 > /d/sub/f && ln -s /d /l && echo x > /file
RUN rm -r /d/sub && echo 2 > /d/sub && rm /file && mkdir /file
COPY a.txt /l/in
RUN rm -rf /bin/vi && mv /d /moved && mkdir /d
""",
    "variables": """
ARG base=BASE
FROM $base
ARG where=/default
ENV PLACE=$where/p NAME=${missing:-fallback}
WORKDIR $PLACE
COPY a.txt $NAME
RUN echo "$PLACE $NAME $where" > out
""",
    "shells": """
FROM BASE
SHELL ["/bin/sh", "-ec"]
RUN echo one > /one
RUN ["/bin/sh", "-c", "echo two > /two"]
SHELL ["/bin/sh", "-c"]
RUN echo three \\
  > /three
""",
    "users": """
FROM BASE
RUN mkdir -m 1777 /shared && echo 'ada:x:1234:1234::/:/bin/sh' >> /etc/passwd
USER ada
RUN id -u > /shared/id; umask 027; touch /shared/quiet; mkdir /shared/dir
WORKDIR /shared/work
COPY a.txt mine
USER root
RUN echo root > /shared/root
""",
    "ignored": """
FROM BASE
COPY . /all
""",
    "empty-directories-and-links": """
FROM BASE
COPY tree /t
RUN cp -a /t /copy && ln /t/deep/file /t/hard && mkfifo /t/pipe && chmod g+s /t/deep
""",
}


@pytest.fixture
def context(shared_ikada, busybox_image, tmp_path):
    made = build_context.BuildContext(shared_ikada, tmp_path / "context", busybox_image)
    made.write("a.txt", "a\n", mode=0o600)
    made.write("b.txt", "b\n")
    made.write("src/one.c", "int one;\n")
    made.write("src/deep/two.c", "int two;\n", mode=0o755)
    made.write("tree/deep/file", "f")
    (made.directory / "tree" / "empty").mkdir()
    os.symlink("deep/file", made.directory / "tree" / "link")
    os.symlink("/absolute", made.directory / "tree" / "dangling")
    made.write(".dockerignore", "*.tar.*\n**/two.c\n!b.txt\nDockerfile*\n")
    for name, way in (("gz", "-z"), ("xz", "-J"), ("bz2", "-j")):
        programs.run("tar", "-c", way, "-f", made.directory / f"packed.tar.{name}",
                     "--owner=7", "--group=8", "-C", made.directory, "src", "tree")
    yield made
    assert made.leftovers() == []


def describe(root):
    found = {}
    for directory, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(directory, name)
            relative = os.path.relpath(path, root)
            if relative in NOBODY_S or relative.split("/")[0] in NOBODY_S:
                continue
            status = os.lstat(path)
            about = [oct(status.st_mode), status.st_uid, status.st_gid]
            if stat.S_ISREG(status.st_mode):
                about.append(hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest())
                about.append(status.st_nlink)
            if stat.S_ISLNK(status.st_mode):
                about = ["link", os.readlink(path)]
            found[relative] = about
    return found


@pytest.fixture
def buildah(storage):
    arguments, environment = storage

    def call(*words):
        return programs.run("buildah", *arguments, *words, env=environment, timeout=120).stdout
    return call


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_files_are_those_of_buildah(context, buildah, tmp_path, name):
    if name in ("add",):
        (context.directory / ".dockerignore").unlink()
    text = DOCKERFILES[name].replace("BASE", context.base).lstrip()
    (context.directory / "Dockerfile").write_text(text)

    context.ikada("build", "-q", "-o", tmp_path / "ours", context.directory)
    image = buildah("bud", "-q", "--tls-verify=false", "--isolation", "chroot", "--format", "oci",
                    "--layers=false", str(context.directory)).strip()
    container = buildah("from", image).strip()
    theirs = describe(buildah("mount", container).strip())
    ours = describe(tmp_path / "ours")
    buildah("umount", container)

    assert len(theirs) > 20
    assert sorted(ours) == sorted(theirs)
    differences = {path: (ours[path], theirs[path]) for path in ours if ours[path] != theirs[path]}
    assert not differences, json.dumps(differences, indent=1)
