"""The project's own files, and C++ text without its comments and strings."""

import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("runtime", "image", "net", "cluster", "cmd", "tests", "man", ".ci")
CODE = (".cc", ".h")
TEXT = (".cc", ".h", ".py", ".sh", ".txt", ".cmake")


class Source:
    """A file: its path from the root, and its text."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.folder, _, self.name = path.rpartition("/")
        self.suffix = pathlib.PurePath(path).suffix

    @property
    def is_code(self):
        return self.suffix in CODE

    @property
    def is_header(self):
        return self.suffix == ".h"

    @property
    def is_test(self):
        return self.path.startswith("tests/")

    def lines(self):
        return self.text.splitlines()

    def code(self):
        return strip(self.text)


def files():
    """Every file of the folders of ours, sorted by path."""
    found = []
    for folder in FOLDERS:
        for path, directories, names in os.walk(ROOT / folder):
            directories[:] = [each for each in directories
                              if each not in ("__pycache__", ".pytest_cache")]
            found += [pathlib.Path(path, name).relative_to(ROOT).as_posix() for name in names]
    return sorted(found + ["CMakeLists.txt"])


def sources():
    """Those files that are text of ours, read."""
    return [Source(path, (ROOT / path).read_text(errors="replace")) for path in files()
            if pathlib.PurePath(path).suffix in TEXT]


_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'
    r"|\"(?:\\.|[^\"\\\n])*\"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def strip(text):
    """The text with comments and the content of strings blanked; line numbers stay."""
    def blank(match):
        word = match.group(0)
        if word.startswith('"') and _is_include(text, match.start()):
            return word
        kept = "\n" * word.count("\n")
        return kept if word.startswith("/") else f'""{kept}'
    return _TOKEN.sub(blank, text)


def _is_include(text, position):
    line = text[text.rfind("\n", 0, position) + 1:position]
    return line.strip().startswith("#include")
