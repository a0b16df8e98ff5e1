"""`ikada volume`, and `ikada network`."""

import json

import pytest


@pytest.fixture
def ikada_here(ikada, busybox_image):
    """An ikada of the test's own with the image; its volumes are its alone."""
    ikada("pull", "-q", busybox_image)
    return ikada


def names(ikada, *options):
    return ikada("volume", "ls", "-q", *options).stdout.split()


def test_a_volume_is_made_listed_shown_and_removed(ikada):
    made = ikada("volume", "create", "--label", "team=web", "data").stdout
    again = ikada("volume", "create", "data").stdout
    found = json.loads(ikada("volume", "inspect", "data").stdout)[0]
    table = ikada("volume", "ls").stdout.splitlines()
    removed = ikada("volume", "rm", "data").stdout

    assert made == again == removed == "data\n"
    assert found["Name"] == "data"
    assert found["Driver"] == "local"
    assert found["Labels"] == {"team": "web"}
    assert found["Mountpoint"] == str(ikada.root / "volumes/data/_data")
    assert [line.split() for line in table] == [["DRIVER", "VOLUME", "NAME"], ["local", "data"]]
    assert names(ikada) == []


def test_a_volume_that_a_container_names_stays(ikada_here, busybox_image):
    ikada_here("create", "--name", "user", "--network", "none", "-v", "used:/data", busybox_image,
               "true")
    identity = ikada_here.inspect("user")["Id"]
    ikada_here("volume", "create", "free")

    result = ikada_here("volume", "rm", "used", "free", check=False)

    assert result.returncode == 1
    assert result.stdout == "free\n"
    assert result.stderr == f"ikada volume rm: remove used: volume is in use - [{identity}]\n"
    ikada_here("rm", "user")
    ikada_here("volume", "rm", "used")


def test_a_volume_that_is_not_there_is_an_error_unless_forced(ikada):
    missing = ikada("volume", "rm", "missing", check=False)
    shown = ikada("volume", "inspect", "missing", check=False)

    assert missing.returncode == shown.returncode == 1
    assert missing.stderr == "ikada volume rm: get missing: no such volume\n"
    assert (shown.stdout, shown.stderr) == (
        "[]\n", "ikada volume inspect: get missing: no such volume\n")
    assert ikada("volume", "rm", "-f", "missing").returncode == 0


def test_prune_removes_anonymous_volumes_and_with_all_the_others(ikada_here, busybox_image):
    ikada_here("run", "--name", "once", "--network", "none", "-v", "/data", "-v", "named:/named",
               busybox_image, "sh", "-c", "head -c 5000 /dev/zero > /data/x")
    kept = ikada_here("volume", "prune", "-f").stdout
    ikada_here("rm", "once")
    anonymous = [each for each in names(ikada_here, "-f", "dangling=true") if each != "named"]

    first = ikada_here("volume", "prune", "-f").stdout
    left = names(ikada_here)
    second = ikada_here("volume", "prune", "-a", "-f").stdout

    assert kept == "Total reclaimed space: 0B\n"
    assert len(anonymous) == 1
    assert first == f"Deleted Volumes:\n{anonymous[0]}\n\nTotal reclaimed space: 5kB\n"
    assert left == ["named"]
    assert second == "Deleted Volumes:\nnamed\n\nTotal reclaimed space: 0B\n"


def test_prune_asks_first(ikada):
    ikada("volume", "create")

    result = ikada("volume", "prune", input="n\n")

    assert "Are you sure you want to continue? [y/N]" in result.stderr
    assert len(names(ikada)) == 1


def test_volumes_are_filtered(ikada):
    ikada("volume", "create", "--label", "a=1", "first")
    ikada("volume", "create", "second")

    assert names(ikada, "-f", "label=a=1") == ["first"]
    assert names(ikada, "-f", "name=sec") == ["second"]
    assert ikada("volume", "ls", "-f", "odd=1", check=False).returncode == 1


def test_the_networks_are_listed_and_shown(shared_ikada, busybox_image):
    shared_ikada("run", "-d", "--name", "on-bridge", busybox_image, "sleep", "1000")

    lines = shared_ikada("network", "ls").stdout.splitlines()
    bridge = json.loads(shared_ikada("network", "inspect", "bridge").stdout)[0]
    address = shared_ikada.inspect("on-bridge")["NetworkSettings"]["IPAddress"]
    shared_ikada("rm", "-f", "on-bridge")

    assert lines[0].split() == ["NETWORK", "ID", "NAME", "DRIVER", "SCOPE"]
    assert [line.split()[1:] for line in lines[1:]] == [
        ["bridge", "bridge", "local"], ["host", "host", "local"], ["none", "null", "local"]]
    assert bridge["IPAM"]["Config"] == [{"Subnet": "10.88.0.0/16", "Gateway": "10.88.0.1"}]
    assert [each["IPv4Address"] for each in bridge["Containers"].values()
            if each["Name"] == "on-bridge"] == [f"{address}/16"]
    assert bridge["Id"].startswith(lines[1].split()[0])
    missing = shared_ikada("network", "inspect", "nowhere", check=False)
    assert (missing.returncode, missing.stderr) == (
        1, "ikada network inspect: network nowhere not found\n")
