"""What tests must not leave behind: mounts, cgroups, processes, links, network namespaces."""

import json
import os
import pathlib
import subprocess
import time

import private_namespaces

GRACE_S = 30


def _mounts():
    found = set()
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        found.add(f"mount {fields[4]} ({fields[fields.index('-') + 1]})")
    return found


def _cgroups(root):
    found = set()
    for path, _, _ in os.walk(root):
        found.add(f"cgroup {path}")
    return found


def _processes(root):
    found = set()
    for path, _, _ in os.walk(root):
        try:
            pids = (pathlib.Path(path) / "cgroup.procs").read_text().split()
        except OSError:
            continue
        for pid in pids:
            try:
                name = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
                namespace = os.readlink(f"/proc/{pid}/ns/net")
            except OSError:
                continue
            found.add(f"process {pid} {name.decode(errors='replace').strip()} in {namespace}")
    return found


def _links():
    output = subprocess.run(["ip", "-j", "link"], capture_output=True, check=True, timeout=10)
    # The bridge stays, as docker0 does; a veth belongs to a container.
    return {f"link {link['ifname']}" for link in json.loads(output.stdout)
            if link["ifname"] != "ikada0"}


def _names():
    netns = pathlib.Path("/run/netns")
    names = netns.iterdir() if netns.exists() else ()
    return {f"network namespace {each.name}" for each in names}


def snapshot():
    root = private_namespaces.find_cgroup2()
    return _mounts() | _cgroups(root) | _processes(root) | _links() | _names()


def _allowed(line, own):
    # ikada keeps its parent cgroup, as it keeps its bridge.
    return line.startswith(f"process {os.getpid()} ") or line in own


def check(before):
    """Waits for what goes away by itself (namespaces die later than processes); then insists."""
    root = private_namespaces.find_cgroup2()
    own = {f"cgroup {root}/ikada"}
    deadline = time.monotonic() + GRACE_S
    while True:
        left = sorted(line for line in snapshot() - before if not _allowed(line, own))
        if not left:
            return
        if time.monotonic() > deadline:
            raise AssertionError("left behind:\n  " + "\n  ".join(left))
        time.sleep(0.05)
