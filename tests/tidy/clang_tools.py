"""Runs clang-format and clang-tidy; what was found good is remembered by its content.

Marks below the user's cache directory remember it on one machine, the list beside this file
everywhere: a fresh machine looks only at what has changed since. `python3 clang_tools.py` looks at
everything that is not known and writes the list anew.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

import tidy_batches
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
FILE_TIMEOUT_S = 600
KNOWN_GOOD = pathlib.Path(__file__).with_name("known_good.list")


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
        for path in _sources_of(pathlib.Path(entry["file"])):
            if path.is_relative_to(ROOT):
                found[path.relative_to(ROOT).as_posix()] = _without_precompiled(entry["command"])
    return found


def _sources_of(path):
    """The sources that CMake has joined in a unity source, or the one source itself."""
    if path.parent.name != "Unity":
        return [path]
    return [pathlib.Path(each) for each in
            re.findall(r'^#include "(.+\.cc)"$', path.read_text(), re.MULTILINE)]


class ContentKeys:
    """A key for each file that changes with it, with the headers of ours below, and the tools."""

    def __init__(self):
        version = subprocess.run(["clang-tidy", "--version"], capture_output=True, timeout=60,
                                 check=True).stdout
        self._base = version + repr(ANALYZER).encode()
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
        for each in pathlib.PurePath(path).parents:
            if (ROOT / each / ".clang-tidy").exists():
                digest.update((ROOT / each / ".clang-tidy").read_bytes())
        for each in sorted(seen):
            digest.update(each.encode() + self._own[each][0])
        return digest.hexdigest()[:32]


def read_known():
    """{path: key} of the sources that the list says are good."""
    lines = KNOWN_GOOD.read_text().splitlines() if KNOWN_GOOD.exists() else []
    return dict(line.split(" ") for line in lines)


def wanted_keys(build=BUILD):
    """{path: key} of the programs' sources, and their compiler arguments.

    The tests' own sources are left out: doctest's macros alone would double the time.
    """
    commands = compile_commands(build)
    keys = ContentKeys()
    wanted = {path: keys.key(path, commands[path]) for path in files()
              if path.endswith(".cc") and path in commands and not path.startswith("tests/")}
    return wanted, commands


def record_known(build=BUILD):
    """Looks at what is not known; writes the list of what is good. The complaints."""
    found = tidy_findings(build)
    bad = {path for path, _ in found}
    wanted, _ = wanted_keys(build)
    KNOWN_GOOD.write_text("".join(f"{path} {key}\n" for path, key in sorted(wanted.items())
                                  if path not in bad))
    return found


def _flags(command):
    """What matters to clang, which takes a warning that only g++ knows for an error."""
    return [word for word in shlex.split(command)[1:]
            if word.startswith(("-D", "-I", "-std", "-W", "-f"))
            and word != "-Wno-subobject-linkage"]


def _run_tidy(source, flags):
    """The complaints of clang-tidy, as it prints them, or None."""
    result = subprocess.run(
        ["nice", "clang-tidy", "--quiet", *ANALYZER, str(source), "--", *flags], cwd=ROOT,
        capture_output=True, text=True, timeout=FILE_TIMEOUT_S, check=False)
    return None if result.returncode == 0 else result.stdout + result.stderr


def tidy_file(path, command):
    """The complaints about one source, or None."""
    output = _run_tidy(ROOT / path, _flags(command))
    if output is None:
        return None
    return "\n".join(line for line in output.splitlines() if ": error:" in line) or output


def _tidy_batch(batch, commands, scratch):
    """[(path, complaints)] about each source of the batch, complaints being None for good ones."""
    if len(batch.paths) > 1:
        # Beside copies of the configurations that hold for the sources' folder.
        folder = pathlib.PurePath(batch.paths[0]).parent
        place = pathlib.Path(tempfile.mkdtemp(dir=scratch))
        (place / folder).mkdir(parents=True, exist_ok=True)
        for each in (folder, *folder.parents):
            if (ROOT / each / ".clang-tidy").exists():
                shutil.copy(ROOT / each / ".clang-tidy", place / each / ".clang-tidy")
        source = place / folder / "batch.cc"
        source.write_text(batch.text(lambda path: (ROOT / path).read_text()))
        if _run_tidy(source, _flags(commands[batch.paths[0]])) is None:
            return [(path, None) for path in batch.paths]
    # Whose complaint it is, and whether the batch alone gave rise to it, each file tells itself.
    return [(path, tidy_file(path, commands[path])) for path in batch.paths]


def tidy_findings(build=BUILD):
    """[(path, complaints)] over the programs' sources; good ones are skipped until they change."""
    wanted, commands = wanted_keys(build)
    known = read_known()
    CACHE.mkdir(parents=True, exist_ok=True)
    todo = [path for path, key in wanted.items()
            if known.get(path) != key and not (CACHE / key).exists()]
    batches = tidy_batches.plan_batches(
        todo, lambda path: (os.path.dirname(path), *_flags(commands[path])),
        lambda path: (ROOT / path).read_text())
    print(f"clang-tidy: {len(todo)} of {len(wanted)} files have changed, {len(batches)} batches")
    found = []
    with tempfile.TemporaryDirectory(prefix="ikada-tidy-") as scratch, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(_tidy_batch, batch, commands, scratch)
                for batch in sorted(batches, key=lambda each: -len(each.paths))]
        for job in concurrent.futures.as_completed(jobs):
            for path, complaints in job.result():
                if complaints is None:
                    (CACHE / wanted[path]).touch()
                else:
                    found.append((path, complaints))
    oldest = time.time() - CACHE_AGE_S
    for mark in CACHE.iterdir():
        if mark.stat().st_mtime < oldest and mark.name not in wanted.values():
            mark.unlink(missing_ok=True)
    return sorted(found)


if __name__ == "__main__":
    COMPLAINTS = record_known()
    print("\n".join(complaints for _, complaints in COMPLAINTS))
    sys.exit(1 if COMPLAINTS else 0)
