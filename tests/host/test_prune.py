"""What nothing uses goes away, and nothing else: prune, df, gc, also while others work."""

import fcntl
import json
import os
import re
import signal
import subprocess
import threading
import time

import pytest

import build_context
import images
from images import entry, layer_of_entries


def make_image(text, created="2026-01-02T03:04:05Z", labels=None):
    image = images.Image([layer_of_entries([entry("base", "base")]),
                          layer_of_entries([entry("text", text * 1000)])],
                         config={"Cmd": ["/text"], "Labels": labels or {}})
    config = json.loads(image.config)
    config["created"] = created
    image.config = json.dumps(config).encode()
    manifest = json.loads(image.manifest)
    manifest["config"].update(digest=image.id, size=len(image.config))
    image.manifest = json.dumps(manifest).encode()
    return image


@pytest.fixture
def pulled(ikada, registry):
    def make(name, image):
        repository, tag = f"prune/{name}".split(":")
        registry.push(repository, tag, image)
        whole = f"{registry.address}/{repository}:{tag}"
        ikada("pull", "-q", whole)
        return whole
    return make


def names(ikada):
    return set(ikada("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split())


def test_image_prune_removes_what_has_no_name(ikada, pulled):
    kept = pulled("kept:1", make_image("kept"))
    ikada("tag", pulled("old:1", make_image("old")), "web")
    ikada("tag", kept, "web")
    ikada("rmi", kept.replace("kept", "old"), check=False)
    layers = len(os.listdir(ikada.root / "layers" / "sha256"))

    shown = ikada("image", "prune", "-f").stdout

    assert names(ikada) == {kept, "web:latest"}
    assert "Total reclaimed space: " in shown
    assert len(os.listdir(ikada.root / "layers" / "sha256")) <= layers
    assert ikada("image", "prune", "-f").stdout == "Total reclaimed space: 0B\n"


def test_image_prune_all_keeps_what_containers_have(ikada, pulled):
    used = pulled("used:1", make_image("used"))
    pulled("new:1", make_image("new", created="2030-01-01T00:00:00Z"))
    tier = pulled("tier:1", make_image("tier", labels={"tier": "db"}))
    unused = pulled("unused:1", make_image("unused"))
    ikada("create", "--name", "holder", used)

    shown = ikada("image", "prune", "-a", "-f", "--filter", "until=2029-01-01",
                  "--filter", "label!=tier").stdout

    assert names(ikada) == {used, tier, unused.replace("unused", "new")}
    assert re.search(r"Deleted Images:\nuntagged: .*/prune/unused:1\ndeleted: sha256:", shown)
    assert shown.splitlines()[-1] == "Total reclaimed space: 6kB"
    ikada("image", "prune", "-a", "-f")
    assert names(ikada) == {used}


def test_prune_asks_first(ikada, pulled):
    name = pulled("asked:1", make_image("asked"))

    refused = ikada("image", "prune", "-a", input="n\n", check=False)
    assert refused.returncode == 1
    assert "cancelled" in refused.stderr
    assert names(ikada) == {name}
    assert ikada("image", "prune", "-a", input="y\n").returncode == 0
    assert names(ikada) == set()
    assert "invalid filter" in ikada("image", "prune", "-f", "--filter", "x=y", check=False).stderr


def test_system_prune_and_df(ikada, busybox_image):
    ikada("pull", "-q", busybox_image)
    ikada("run", "-v", "/data", "--name", "done", busybox_image, "sh", "-c",
          "head -c 5000 /dev/zero > /file; head -c 7000 /dev/zero > /data/file")
    ikada("run", "-d", "--name", "busy", busybox_image, "sleep", "1000")

    rows = [json.loads(line) for line in
            ikada("system", "df", "--format", "json").stdout.splitlines()]

    assert [row["Type"] for row in rows] == ["Images", "Containers", "Local Volumes",
                                             "Build Cache"]
    assert [(row["TotalCount"], row["Active"]) for row in rows] == [
        ("1", "1"), ("2", "1"), ("1", "1"), ("0", "0")]
    assert rows[1]["Size"] == "5kB" and rows[1]["Reclaimable"] == "5kB (100%)"
    assert rows[2]["Size"] == "7kB"
    verbose = ikada("system", "df", "-v").stdout
    assert "Images space usage:" in verbose and "done" in verbose
    assert "TYPE" in ikada("system", "df").stdout

    shown = ikada("system", "prune", "-a", "-f", "--volumes").stdout

    assert "Deleted Containers:" in shown and "Deleted Volumes:" in shown
    assert shown.splitlines()[-1] == "Total reclaimed space: 12kB"
    assert ikada("ps", "-a", "--format", "{{.Names}}").stdout.split() == ["busy"]
    assert names(ikada) == {busybox_image}


def test_system_prune_takes_the_build_cache_that_no_image_has(ikada, busybox_image, tmp_path):
    """With -a all of it, cache mounts included."""
    context = build_context.BuildContext(ikada, tmp_path / "context", busybox_image)
    kept = "FROM BASE\nRUN head -c 3000 /dev/zero > /kept\n"
    context.build(kept, "-t", "kept")
    context.build("FROM BASE\nRUN --mount=type=cache,target=/cache head -c 5000 /dev/zero > /gone; "
                  "head -c 7000 /dev/zero > /cache/file\n", "-t", "gone")

    def row():
        lines = ikada("system", "df", "--format", "json").stdout.splitlines()
        return next(row for row in map(json.loads, lines) if row["Type"] == "Build Cache")

    assert (row()["TotalCount"], row()["Active"], row()["Size"]) == ("2", "2", "7kB")
    ikada("rmi", "gone")
    assert (row()["TotalCount"], row()["Active"], row()["Size"]) == ("2", "1", "12kB")

    shown = ikada("system", "prune", "-f").stdout

    assert "Deleted build cache objects:" in shown
    assert shown.splitlines()[-1] == "Total reclaimed space: 5kB"
    assert "CACHED" in context.run(kept).stderr
    assert (row()["TotalCount"], row()["Size"]) == ("1", "7kB")
    assert ikada("system", "prune", "-f", "--filter", "until=24h").stdout.endswith(" 0B\n")
    assert ikada("system", "prune", "-a", "-f").stdout.splitlines()[-1].startswith("Total")
    assert (row()["TotalCount"], row()["Size"]) == ("0", "0B")


def configured(ikada, text):
    path = ikada.directory / "config.yaml"
    path.write_text(text)
    ikada.environment["IKADA_CONFIG"] = str(path)


def test_gc_goes_by_the_time_of_the_last_use(ikada, pulled):
    old, used, new = (pulled(f"{each}:1", make_image(each)) for each in ("o", "u", "n"))
    for name in (old, used):
        manifest = ikada.inspect(name)["RepoDigests"][0].split("sha256:")[1]
        os.utime(ikada.root / "images" / "blobs" / "sha256" / manifest,
                 (time.time() - 40 * 86400,) * 2)
    ikada("create", "--name", "user", used)
    ikada("rm", "user")
    configured(ikada, "images: {keep_days: 30}\n")

    shown = ikada("image", "gc").stdout

    assert names(ikada) == {used, new}
    assert f"Untagged: {old}" in shown
    configured(ikada, "images: {keep_days: often}\n")
    assert "keep_days" in ikada("image", "gc", check=False).stderr


def test_gc_frees_the_longest_unused_until_there_is_enough_room(ikada, pulled):
    held = pulled("h:1", make_image("h"))
    ikada("create", "--name", "holder", held)
    pulled("a:1", make_image("a"))
    pulled("b:1", make_image("b"))
    configured(ikada, "images: {min_free: 1b}\n")
    ikada("image", "gc")
    assert len(names(ikada)) == 3

    configured(ikada, "images: {min_free: 100000t}\n")
    shown = ikada("image", "gc").stdout.splitlines()

    assert [line.split("/")[-1] for line in shown if line.startswith("Untagged")] == ["a:1", "b:1"]
    assert names(ikada) == {held}


def test_for_a_floor_beside_a_long_pull_no_image_loses_its_name(ikada, pulled):
    """Nothing can be collected then, so all would go and no room be made."""
    everything = {pulled("a:1", make_image("a")), pulled("b:1", make_image("b"))}
    configured(ikada, "images: {min_free: 100000t}\n")
    with open(ikada.root / "images" / "pulls.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)  # As a pull has it from its beginning to its end.

        beside = ikada("image", "gc")

        assert beside.stdout == "" and names(ikada) == everything
        assert beside.stderr == ("ikada image gc: less than min_free is free: "
                                 "a pull or a build keeps all images in place, ignoring\n")
    alone = ikada("image", "gc")
    assert "Untagged" in alone.stdout
    assert "no image is left" in alone.stderr
    assert names(ikada) == set()


def test_gc_beside_pulls_and_runs_takes_nothing_that_is_used(ikada, registry, busybox_image):
    """Everything unused goes, all the time; every run that starts has all its files."""
    configured(ikada, "images: {min_free: 100000t}\n")
    for index in range(3):
        registry.push("prune/race", str(index), make_image(f"race{index}"))
    end = time.monotonic() + 6
    problems, counts = [], {"gc": 0, "run": 0, "pull": 0, "killed": 0}

    def goes_on():
        return time.monotonic() < end or min(counts.values()) < 2

    def collect():
        while goes_on():
            process = ikada.popen("image", "gc", stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True)
            if counts["gc"] % 3 == 2:
                time.sleep(0.01)
                process.send_signal(signal.SIGKILL)
                counts["killed"] += 1
            error = process.communicate()[1]
            if process.returncode not in (0, -signal.SIGKILL):
                problems.append(error)
            counts["gc"] += 1

    def run():
        while goes_on():
            result = ikada("run", "--rm", busybox_image, "sh", "-c",
                           "test -x /bin/busybox && echo ok", check=False)
            if result.stdout != "ok\n":
                problems.append(result.stderr)
            counts["run"] += 1

    def pull(index):
        while goes_on():
            result = ikada("pull", "-q", f"{registry.address}/prune/race:{index}", check=False)
            if result.returncode != 0:
                problems.append(result.stderr)
            counts["pull"] += 1

    threads = [threading.Thread(target=collect), threading.Thread(target=run)]
    threads += [threading.Thread(target=pull, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not problems, problems[:3]
    ikada("image", "gc")
    assert names(ikada) == set()
    assert os.listdir(ikada.root / "layers" / "sha256") == []
    assert os.listdir(ikada.root / "layers" / "staging") == []
    assert os.listdir(ikada.root / "images" / "blobs" / "sha256") == []
