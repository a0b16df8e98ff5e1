"""./quickstart shows the main job, twice, and leaves nothing behind."""

import os
import pathlib

import pytest

import programs


@pytest.mark.timeout(300)
@pytest.mark.parametrize("time", ["first", "second"])
def test_quickstart_shows_the_main_job(tmp_path_factory, time):
    root = tmp_path_factory.getbasetemp() / "quickstart"
    result = programs.run(
        programs.ROOT / "quickstart", "--programs", programs.BUILD, timeout=500,
        env={**os.environ, "IKADA_ROOT": str(root / "root"), "IKADA_RUN_ROOT": str(root / "run"),
             "IKADA_RUNTIME": str(programs.IKADA_RUNTIME)})

    for number in (1, 2, 3):
        assert f"Hello from ikada-quickstart-{number}\n" in result.stdout
    assert "15 hostnames answered" in result.stdout
    assert " requests meanwhile" in result.stdout and ", 0 failed" in result.stdout
    assert "What to try next" in result.stdout
    assert not list((root / "root" / "containers").iterdir())
    assert not list(pathlib.Path("/tmp").glob("ikada-quickstart.*"))
    assert not pathlib.Path("/sys/class/net/ikada0").exists()


@pytest.mark.timeout(300)
def test_three_hosts_lose_one():
    result = programs.run(
        "unshare", "--net", "--mount", "--propagation", "private", "/usr/bin/python3",
        programs.ROOT / "tests" / "host" / "demonstration.py", "--hosts", "3", "--count", "6",
        "--programs", programs.BUILD, timeout=500)

    assert "6 healthy again after" in result.stdout
    assert not list(pathlib.Path("/tmp").glob("ikada-demonstration-*"))


def test_quickstart_refuses_what_it_does_not_know():
    result = programs.run(programs.ROOT / "quickstart", "--nonsense", check=False)

    assert result.returncode == 1
    assert result.stderr == "quickstart: unknown argument: --nonsense\n"
