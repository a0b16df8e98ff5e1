"""A tree on the host, and what else of the host, that no attack may change."""

import hashlib
import pathlib

import programs

SENTINEL = "sentinel of the host\n"
FILES = ("ptmx", "fd", "null", "hosts", "console", "file")
WATCHED = ("/proc/sys/kernel/core_pattern", "/proc/self/mountinfo")


def make(path):
    path.mkdir()
    for name in FILES:
        (path / name).write_text(SENTINEL)
    return path


def look(path):
    """Everything about it that would tell of a change."""
    files = {each.name: (each.lstat().st_mode, each.lstat().st_uid, each.lstat().st_mtime_ns,
                         each.read_bytes()) for each in path.iterdir()}
    program = programs.IKADA_RUNTIME.stat()
    return (files, path.stat().st_mtime_ns, path.stat().st_mode,
            [pathlib.Path(each).read_text() for each in WATCHED],
            hashlib.sha256(programs.IKADA_RUNTIME.read_bytes()).digest(),
            (program.st_ino, program.st_mtime_ns))
