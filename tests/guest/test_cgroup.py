"""runtime/cgroup on a kernel with all controllers: the cases of cgroup_guest_test.cc."""

import os
import pathlib
import subprocess

import pytest

PROGRAM = pathlib.Path(os.environ.get("IKADA_BUILD", "")) / "guest" / "cgroup_guest_tests"


def case_names():
    if not PROGRAM.exists():
        return []
    listed = subprocess.run([PROGRAM, "--list-test-cases", "--no-version"], text=True,
                            stdout=subprocess.PIPE, check=True).stdout
    return [line for line in listed.splitlines() if line and not line.startswith(("=", "["))]


@pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not built")
@pytest.mark.parametrize("name", case_names())
def test_cgroup(name):
    escaped = name.replace(",", "\\,")
    result = subprocess.run([PROGRAM, f"--test-case={escaped}"], text=True, timeout=60,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 0 and "1 passed" in result.stdout, result.stdout
