"""clang-format and clang-tidy agree with every C++ file."""

import subprocess

import pytest

import clang_tools
import source_tree


def test_every_file_is_formatted():
    code = [path for path in source_tree.files() if path.endswith((".cc", ".h"))]

    assert clang_tools.badly_formatted(code) == ""


def test_a_badly_formatted_file_is_found(tmp_path):
    bad = tmp_path / "bad.cc"
    bad.write_text("int   x ;\n")
    (tmp_path / ".clang-format").write_text((source_tree.ROOT / ".clang-format").read_text())

    assert "bad.cc" in clang_tools.badly_formatted([bad])


def test_clang_tidy_finds_nothing():
    if not (clang_tools.BUILD / "compile_commands.json").exists():
        pytest.fail(f"{clang_tools.BUILD} is not a build directory")

    found = clang_tools.tidy_findings()

    assert not found, "\n" + "\n".join(complaints for _, complaints in found)


def test_clang_tidy_finds_a_bad_name(tmp_path):
    bad = tmp_path / "bad.cc"
    bad.write_text("int BadFunction() { return 1; }\n")
    (tmp_path / ".clang-tidy").write_text((source_tree.ROOT / ".clang-tidy").read_text())

    result = subprocess.run(["clang-tidy", "--quiet", str(bad), "--", "-std=c++20"],
                            capture_output=True, text=True, timeout=60, check=False)

    assert result.returncode != 0
    assert "invalid case style for function 'BadFunction'" in result.stdout


def test_a_changed_header_changes_the_key_of_what_includes_it(tmp_path, monkeypatch):
    (tmp_path / ".clang-tidy").write_text("Checks: '*'\n")
    (tmp_path / "a.h").write_text("int a;\n")
    (tmp_path / "a.cc").write_text('#include "a.h"\n')
    monkeypatch.setattr(clang_tools, "ROOT", tmp_path)
    before = clang_tools.ContentKeys().key("a.cc", "c++ -O2")

    (tmp_path / "a.h").write_text("int b;\n")

    assert clang_tools.ContentKeys().key("a.cc", "c++ -O2") != before
