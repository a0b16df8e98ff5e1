"""Files of the host that no image may touch, and the host's state beside them.

  canary = Canary(tmp_path / "canary")
  …
  canary.check()          # Fails with what changed.
"""

import hashlib
import os
import pathlib
import stat

import programs

KERNEL_FILES = ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname")


def _describe(path):
    """All of a tree: types, modes, owners, links, times of content and of state, content."""
    found = {}
    for directory, directories, files in os.walk(path):
        for name in ["."] + directories + files:
            place = os.path.join(directory, name)
            status = os.lstat(place)
            content = None
            if stat.S_ISREG(status.st_mode):
                content = pathlib.Path(place).read_bytes()
            elif stat.S_ISLNK(status.st_mode):
                content = os.readlink(place)
            attributes = tuple(os.listxattr(place, follow_symlinks=False))
            found[place] = (oct(status.st_mode), status.st_uid, status.st_gid, status.st_nlink,
                            status.st_ino, status.st_mtime_ns, status.st_ctime_ns, attributes,
                            content)
    return found


def _host():
    """The mount table, the programs, what the kernel runs on its own account."""
    state = {"mounts": sorted(pathlib.Path("/proc/self/mountinfo").read_text().splitlines())}
    for name in (*KERNEL_FILES, "/etc/passwd", "/etc/shadow", "/etc/hosts"):
        state[name] = pathlib.Path(name).read_text()
    for program in (programs.IKADA, programs.IKADA_RUNTIME):
        state[str(program)] = hashlib.sha256(pathlib.Path(program).read_bytes()).hexdigest()
    state["/"] = sorted(os.listdir("/"))
    return state


class Canary:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        (self.path / "etc").mkdir(parents=True)
        (self.path / "etc" / "shadow").write_text("sentinel")
        (self.path / "secret").write_text("sentinel")
        (self.path / "secret").chmod(0o600)
        (self.path / "link").symlink_to("secret")
        os.mkfifo(self.path / "pipe")
        self._tree = _describe(self.path)
        self._host = _host()

    def check(self):
        tree, host = _describe(self.path), _host()
        changed = {name for name in tree.keys() | self._tree.keys()
                   if tree.get(name) != self._tree.get(name)}
        assert changed == set(), "the canary was touched"
        for name in host.keys() | self._host.keys():
            assert host.get(name) == self._host.get(name), f"{name} changed"
