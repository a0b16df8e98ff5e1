"""clang-format and clang-tidy agree with every C++ file."""

import json
import subprocess

import pytest

import clang_tools
import source_tree
import tidy_batches


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


def test_what_the_list_knows_is_not_looked_at_until_it_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(clang_tools, "ROOT", tmp_path)
    monkeypatch.setattr(clang_tools, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(clang_tools, "KNOWN_GOOD", tmp_path / "known_good.list")
    monkeypatch.setattr(clang_tools, "files", lambda: ["a.cc", "b.cc"])
    (tmp_path / ".clang-tidy").write_text((source_tree.ROOT / ".clang-tidy").read_text())
    (tmp_path / "a.cc").write_text("int good() { return 1; }\n")
    (tmp_path / "b.cc").write_text("int BadFunction() { return 1; }\n")
    (tmp_path / "compile_commands.json").write_text(json.dumps(
        [{"file": str(tmp_path / name), "command": "c++ -std=c++20 -c"}
         for name in ("a.cc", "b.cc")]))

    assert [path for path, _ in clang_tools.record_known(tmp_path)] == ["b.cc"]

    assert list(clang_tools.read_known()) == ["a.cc"]
    (tmp_path / "cache").rename(tmp_path / "gone")
    looked_at = []
    monkeypatch.setattr(clang_tools, "_run_tidy", lambda source, _: looked_at.append(source.name))
    clang_tools.tidy_findings(tmp_path)
    assert looked_at == ["b.cc"]


def test_sources_that_share_a_name_of_their_own_do_not_meet_in_a_batch():
    own = "namespace x {{\nnamespace {{\n{}\n}}  // namespace\n}}\n"
    texts = {
        "a/one.cc": own.format("int size_of(int a) { return a; }"),
        "a/two.cc": own.format("int size_of() { return 1; }"),
        "a/three.cc": "namespace x {\nint size_of();\n}\n",
        "b/four.cc": "int y;\n",
    }

    batches = tidy_batches.plan_batches(texts, lambda path: path[0], texts.get)

    assert [batch.paths for batch in batches] == [
        ["a/one.cc", "a/three.cc"], ["a/two.cc"], ["b/four.cc"]]


@pytest.mark.parametrize("declaration, name", [
    ("Result<std::vector<int>> read_all(int fd) {\n}", "read_all"),
    ("constexpr std::array<int, 2> kSizes = {1, 2};", "kSizes"),
    ("struct Parts {\n};", "Parts"),
    ("using Names = int;", "Names"),
])
def test_a_name_at_file_scope_is_seen(declaration, name):
    text = f"namespace {{\n{declaration}\n}}  // namespace\n"

    assert tidy_batches.own_names(text) == {name}


def test_a_complaint_about_a_batch_is_told_of_its_file(tmp_path, monkeypatch):
    (tmp_path / ".clang-tidy").write_text((source_tree.ROOT / ".clang-tidy").read_text())
    (tmp_path / "cmd").mkdir()
    (tmp_path / "cmd" / "good.cc").write_text("int good() { return 1; }\n")
    (tmp_path / "cmd" / "bad.cc").write_text("int bad_function() { int Bad = 1; return Bad; }\n")
    monkeypatch.setattr(clang_tools, "ROOT", tmp_path)
    monkeypatch.setattr(clang_tools, "files", lambda: ["cmd/bad.cc", "cmd/good.cc"])
    monkeypatch.setattr(clang_tools, "CACHE", tmp_path / "cache")
    (tmp_path / "compile_commands.json").write_text(json.dumps(
        [{"file": str(tmp_path / "cmd" / name), "command": "c++ -std=c++20 -c"}
         for name in ("bad.cc", "good.cc")]))

    found = clang_tools.tidy_findings(tmp_path)

    assert [path for path, _ in found] == ["cmd/bad.cc"]
    assert "invalid case style" in found[0][1]
