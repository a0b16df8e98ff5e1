"""Runs clang-format and clang-tidy; what was found good is remembered by its content."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import time

from source_tree import ROOT, files

BUILD = pathlib.Path(os.environ.get("IKADA_BUILD", ROOT / "build" / "release")).resolve()
# Shared by all clones, because the keys are content; a mark unused for a month is dropped.
CACHE_HOME = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
CACHE = CACHE_HOME / "ikada-tidy"
CACHE_AGE_S = 30 * 24 * 3600
# The static analyzer follows calls into library templates for four times as long as everything
# else takes; within one function it still finds what it is good at.
ANALYZER = [f"--extra-arg={word}" for word in
            ("-Xclang", "-analyzer-config", "-Xclang", "ipa=none,max-nodes=20000")]
FILE_TIMEOUT_S = 300


def badly_formatted(paths):
    """The complaints of clang-format about these files; empty if there are none."""
    result = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", "--ferror-limit=3", *map(str, paths)], cwd=ROOT,
        capture_output=True, text=True, timeout=300, check=False)
    return "" if result.returncode == 0 else result.stderr or "clang-format failed"


def _without_precompiled(command):
    """The command without g++'s precompiled header, which clang cannot read."""
    return re.sub(r" -Winvalid-pch| -include \S+/cmake_pch\.hxx", "", command)


def compile_commands(build=BUILD):
    """{path from the root: compiler arguments} of the files of ours that the build compiles."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if path.is_relative_to(ROOT):
            found[path.relative_to(ROOT).as_posix()] = _without_precompiled(entry["command"])
    return found


class ContentKeys:
    """A key for each file that changes with it, with the headers of ours below, and the tools."""

    def __init__(self):
        version = subprocess.run(["clang-tidy", "--version"], capture_output=True, timeout=60,
                                 check=True).stdout
        self._base = version + repr(ANALYZER).encode() + (ROOT / ".clang-tidy").read_bytes()
        self._own = {}

    def _closure(self, path, seen):
        if path in seen or not (ROOT / path).exists():
            return
        seen.add(path)
        if path not in self._own:
            data = (ROOT / path).read_bytes()
            headers = re.findall(rb'^#include "([^"]+)"', data, re.MULTILINE)
            self._own[path] = (hashlib.sha256(data).digest(), [each.decode() for each in headers])
        for header in self._own[path][1]:
            self._closure(header, seen)

    def key(self, path, command):
        seen = set()
        self._closure(path, seen)
        # The build directory's name is no part of what is compiled.
        flags = " ".join(word for word in command.split()
                         if word.startswith(("-D", "-std", "-f", "-W")))
        digest = hashlib.sha256(self._base + flags.encode())
        for each in sorted(seen):
            digest.update(each.encode() + self._own[each][0])
        return digest.hexdigest()


def _tidy(path, command):
    source = str(ROOT / path)
    flags = [word for word in shlex.split(command)[1:]
             if word.startswith(("-D", "-I", "-isystem", "-std", "-W", "-f"))]
    result = subprocess.run(
        ["nice", "clang-tidy", "--quiet", *ANALYZER, source, "--", *flags], cwd=ROOT,
        capture_output=True, text=True, timeout=FILE_TIMEOUT_S, check=False)
    if result.returncode == 0:
        return None
    lines = [line for line in result.stdout.splitlines() if ": error:" in line]
    return "\n".join(lines) or result.stdout + result.stderr


def tidy_findings(build=BUILD):
    """[(path, complaints)] over the programs' sources; good ones are skipped until they change.

    The tests' own sources are left out: doctest's macros alone would double the time.
    """
    commands = compile_commands(build)
    keys = ContentKeys()
    CACHE.mkdir(parents=True, exist_ok=True)
    wanted = {path: CACHE / keys.key(path, commands[path]) for path in files()
              if path.endswith(".cc") and path in commands and not path.startswith("tests/")}
    todo = [path for path, mark in wanted.items() if not mark.exists()]
    print(f"clang-tidy: {len(todo)} of {len(wanted)} files have changed")
    found = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, complaints in zip(todo, pool.map(lambda each: _tidy(each, commands[each]), todo)):
            if complaints is None:
                wanted[path].touch()
            else:
                found.append((path, complaints))
    oldest = time.time() - CACHE_AGE_S
    for mark in CACHE.iterdir():
        if mark.stat().st_mtime < oldest and mark not in wanted.values():
            mark.unlink(missing_ok=True)
    return found
