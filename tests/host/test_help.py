"""What ikada says when it is asked how it is used."""

import re

import pytest

import programs

VERSION = re.compile(r"ikada version \d+\.\d+\.\d+\n")


@pytest.mark.parametrize("words", [("-v",), ("--version",)])
def test_the_version(ikada, words):
    result = ikada(*words)

    assert VERSION.fullmatch(result.stdout)
    assert result.stderr == ""


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("help",), ("help", "--help")])
def test_help_lists_the_commands_on_stdout(ikada, words):
    result = ikada(*words)

    assert re.search(r"^  run +Run a command in a new container$", result.stdout, re.MULTILINE)
    assert result.stderr == ""


def test_without_a_command_help_goes_to_stderr_as_dockers_does(ikada):
    result = ikada()
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == ikada("--help").stdout

    result = ikada("image")
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == ikada("image", "--help").stdout


@pytest.mark.parametrize("words", [("run",), ("exec",), ("image",), ("image", "ls"),
                                   ("image", "prune"), ("container", "inspect"), ("system", "df")])
def test_help_of_a_command_is_that_of_its_option(ikada, words):
    text = ikada(*words, "--help").stdout

    assert "Usage: ikada " in text
    assert ikada("help", *words).stdout == text
    if words != ("image",):
        assert ikada("help", *words, "more", "words").stdout == text


@pytest.mark.parametrize("words", [("fly",), ("help", "fly"), ("fly", "--help"), ("image", "fly"),
                                   ("help", "image", "fly"), ("",), ("--root",), ("--nope",)])
def test_what_there_is_not_is_wrong_usage(ikada, words):
    result = programs.run(programs.IKADA, *words, check=False)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("ikada: ")
    assert len(result.stderr.splitlines()) == 1
