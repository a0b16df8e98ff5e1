"""Gives the whole pytest process its own network, mounts and cgroup tree.

Bridge, nftables table, registry, `ip netns` names and cgroups of the tests are then their own: they
cannot meet those of the host or of a second run, and what is left over can be told.
The process itself unshares, before any thread exists; everything that the tests start inherits it.
"""

import ctypes
import os
import pathlib
import subprocess
import time

import pytest

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWNET = 0x40000000
MNT_DETACH = 2
MS_REC = 0x4000
MS_PRIVATE = 1 << 18

# Under this key the pytest configuration keeps the names of the namespaces we came from.
OUTSIDE = pytest.StashKey()

_libc = ctypes.CDLL(None, use_errno=True)


def _call(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source, target, kind, flags=0, data=""):
    _call(_libc.mount(source.encode(), str(target).encode(), kind.encode(),
                      ctypes.c_ulong(flags), data.encode()), f"mount {target}")


def find_cgroup2():
    """Where cgroup v2 is mounted: /sys/fs/cgroup, or beside v1 controllers."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        if fields[fields.index("-") + 1] == "cgroup2":
            return pathlib.Path(fields[4])
    raise RuntimeError("no cgroup2 mount on this host")


class PrivateNamespaces:
    """Entered once, at the start of the session; left at its end."""

    def __init__(self):
        self.outside = {kind: os.readlink(f"/proc/self/ns/{kind}")
                        for kind in ("net", "mnt", "cgroup")}
        self.cgroup_root = find_cgroup2()
        own = next(line.split(":", 2)[2]
                   for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines()
                   if line.startswith("0::"))
        origin = self.cgroup_root / own.lstrip("/")
        self._origin = os.open(origin, os.O_RDONLY | os.O_DIRECTORY)
        self._name = f"ikada-tests-{os.getpid()}"
        self._remove_stale(origin)
        top = origin / self._name
        top.mkdir()
        (top / "cgroup.procs").write_text(str(os.getpid()))
        _call(_libc.unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWCGROUP), "unshare")
        mount("none", "/", "", MS_REC | MS_PRIVATE)
        # Our own cgroup becomes the root of what is seen; the session moves one level down, so that
        # controllers can be given to the containers beside it.
        # (The kernel refuses to stack a filesystem on a mount of itself.)
        _call(_libc.umount2(str(self.cgroup_root).encode(), MNT_DETACH), "umount cgroup2")
        mount("cgroup2", self.cgroup_root, "cgroup2")
        session = self.cgroup_root / "session"
        session.mkdir()
        (session / "cgroup.procs").write_text(str(os.getpid()))
        netns = pathlib.Path("/run/netns")
        netns.mkdir(exist_ok=True)
        mount("tmpfs", netns, "tmpfs", data="mode=755")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=10)
        # The first of the ports that tasks get are not for the tests' own connections.
        pathlib.Path("/proc/sys/net/ipv4/ip_local_reserved_ports").write_text("32768-32799")

    def leave(self):
        """Goes back to the cgroup we came from and removes ours with everything below."""
        procs = os.open("cgroup.procs", os.O_WRONLY, dir_fd=self._origin)
        os.write(procs, str(os.getpid()).encode())
        os.close(procs)
        self._remove(self._name)
        os.close(self._origin)

    def _remove_stale(self, origin):
        """Ends what runs that were killed have left: their cgroups hold all their processes."""
        for path in origin.glob("ikada-tests-*"):
            if pathlib.Path("/proc", path.name.removeprefix("ikada-tests-")).exists():
                continue
            try:
                (path / "cgroup.kill").write_text("1")
                for _ in range(100):
                    if "populated 0" in (path / "cgroup.events").read_text():
                        break
                    time.sleep(0.02)
                self._remove(path.name)
            except FileNotFoundError:
                continue

    def _remove(self, path):
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._origin)
        below = [entry.name for entry in os.scandir(fd) if entry.is_dir(follow_symlinks=False)]
        os.close(fd)
        for name in below:
            self._remove(f"{path}/{name}")
        try:
            os.rmdir(path, dir_fd=self._origin)
        except OSError as error:
            print(f"warning: cgroup {path} is still in use: {error.strerror}")
