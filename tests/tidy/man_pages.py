"""The man pages, and what the programs say about themselves."""

import pathlib
import re
import subprocess

from clang_tools import BUILD
from source_tree import ROOT

MAN = ROOT / "man"
PROGRAMS = {
    "ikada": ("1", BUILD / "cmd" / "ikada" / "ikada"),
    "ikada-runtime": ("8", BUILD / "cmd" / "ikada-runtime" / "ikada-runtime"),
    "ikadad": ("8", BUILD / "cmd" / "ikadad" / "ikadad"),
}
SECTIONS = ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES", "SEE ALSO")


def pages():
    return sorted(MAN.glob("*.[1-8]"))


def page_of(program, command=()):
    """ikada, ("image", "inspect") → man/ikada-image-inspect.1"""
    return MAN / f"{'-'.join((program, *command))}.{PROGRAMS[program][0]}"


def help_text(program, command=()):
    result = subprocess.run([str(PROGRAMS[program][1]), *command, "--help"], capture_output=True,
                            text=True, timeout=30, check=False)
    assert result.returncode == 0, f"{program} {' '.join(command)} --help: {result.stderr}"
    return result.stdout


def commands_in(text):
    """The words that the help lists below "Subcommands:" or "Commands:"."""
    found, listed = [], False
    for line in text.splitlines():
        if re.match(r"\S.*:\s*$", line):
            listed = line.lower().rstrip(": ").endswith("commands")
            continue
        match = re.match(r"  ([a-z][a-z-]*)(\s|$)", line)
        if listed and match:
            found.append(match[1])
    return found


def options_in(text):
    """Every -x and --long that opens a line of the help, or stands in brackets in its usage."""
    found = set(re.findall(r"\[(--?\w[\w-]*)", text))
    for line in text.splitlines():
        match = re.match(r"\s+((?:-[\w-]+)(?:,\s*--?[\w-]+)*)", line)
        if match:
            found.update(re.split(r",\s*", match[1]))
    return found


def real_command(program, command):
    """The words that its usage names: ("image", "ls") is ("images",), and has that one's page."""
    match = re.search(rf"^Usage: {program}((?: [a-z][a-z-]*)*) \[OPTIONS\]",
                      help_text(program, command), re.MULTILINE)
    assert match, f"{program} {' '.join(command)} --help has no usage"
    return tuple(match[1].split())


def all_commands(program):
    """Every command and subcommand as a tuple of words, none twice under another name."""
    found = []
    for name in commands_in(help_text(program)):
        found.append((name,))
        found += [real_command(program, (name, below))
                  for below in commands_in(help_text(program, (name,)))]
    return list(dict.fromkeys(found))


def rendered(path):
    """The page as it is read, without bold and underline."""
    text = subprocess.run(["mandoc", "-T", "utf8", str(path)], capture_output=True, text=True,
                          timeout=30, check=True).stdout
    return re.sub(".\b", "", text)


def missing_options(options, page_text):
    return sorted(each for each in options
                  if not re.search(rf"(?<![\w-]){re.escape(each)}(?![\w-])", page_text))


def missing_sections(page_text):
    headings = {line.strip() for line in page_text.splitlines() if re.match(r"[A-Z]", line)}
    return [each for each in SECTIONS if each not in headings]


def lint(path):
    """mandoc's complaints, from warnings on."""
    result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(path)],
                            capture_output=True, text=True, timeout=30, check=False)
    return [line for line in result.stdout.splitlines() if line]


def name_of(path):
    return pathlib.PurePath(path).name
