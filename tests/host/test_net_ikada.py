"""The bridge network as `ikada run` gives it: the parts of test_net.py put together."""

import time
import urllib.request

import pytest

import programs

SERVE = "echo it is $(hostname) > /tmp/index.html; exec httpd -f -p 80 -h /tmp"


def fetch(port, address="127.0.0.1"):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + 60
    while True:
        try:
            with opener.open(f"http://{address}:{port}/", timeout=30) as reply:
                return reply.read().decode().strip()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def test_a_published_web_server_answers_until_it_is_removed(shared_ikada, busybox_image):
    shared_ikada("run", "-d", "--name", "web", "--hostname", "web", "-p", "8080:80",
                 busybox_image, "sh", "-c", SERVE)

    assert fetch(8080) == "it is web"
    gateway = "10.88.0.1"
    assert fetch(8080, gateway) == "it is web"
    inside = shared_ikada("exec", "web", "wget", "-q", "-O", "-", f"http://{gateway}:8080/")
    assert inside.stdout.strip() == "it is web"

    shared_ikada("rm", "-f", "web")
    with pytest.raises(OSError):
        urllib.request.urlopen("http://127.0.0.1:8080/", timeout=2)
    assert "8080" not in programs.run("nft", "list", "table", "ip", "ikada").stdout


def test_the_inside_of_a_bridged_container(shared_ikada, busybox_image):
    told = shared_ikada("run", "--rm", busybox_image, "sh", "-c",
                        "ip -o address; ip route; cat /etc/hosts /etc/resolv.conf;"
                        " cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6").stdout

    assert "inet 127.0.0.1/8" in told
    assert "inet 10.88.0." in told and "default via 10.88.0.1 dev eth0" in told
    assert "nameserver " in told
    assert told.rstrip().endswith("1")


def test_a_taken_port_is_told_in_dockers_words(shared_ikada, busybox_image):
    shared_ikada("run", "-d", "--name", "first", "-p", "8087:80", busybox_image, "sleep", "100")

    refused = shared_ikada("run", "--rm", "-p", "8087:80", busybox_image, "true", check=False)

    assert refused.returncode == 125
    assert "Bind for 0.0.0.0:8087 failed: port is already allocated" in refused.stderr
    shared_ikada("rm", "-f", "first")
