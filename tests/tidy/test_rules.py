"""Every rule of rules.py holds for every file, and each can fail."""

import re

import pytest

import rules
import source_tree


@pytest.fixture(scope="module")
def sources():
    return source_tree.sources()


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda each: each.__name__)
def test_rule(rule, sources):
    found = [f"{source.path}: {message}" for source in sources for message in rule(source)]

    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda each: each.__name__)
def test_rule_refuses_its_bad_samples(rule):
    assert rule.bad_samples
    for path, text in rule.bad_samples:
        assert rule(source_tree.Source(path, text)), f"{path} passed"


def test_comments_and_strings_are_no_code():
    text = '// system(1)\nauto x = "system(2)"; /* system(3)\n */ auto y = R"(system(4))";\nz();\n'

    stripped = source_tree.strip(text)

    assert "system" not in stripped
    assert stripped.splitlines()[3] == "z();"


def test_digit_separators_do_not_hide_code():
    assert "system(x)" in source_tree.strip("int a = 1'000; system(x); int b = 2'000;\n")


def test_every_source_is_listed_in_its_folder():
    missing = []
    for source in source_tree.sources():
        if source.suffix != ".cc" or source.path == "tests/doctest_main.cc":
            continue
        lists = source_tree.ROOT / source.folder / "CMakeLists.txt"
        if not lists.exists() or not re.search(
                rf"(?<![\w.]){re.escape(source.name)}(?![\w.])", lists.read_text()):
            missing.append(source.path)

    assert not missing, f"in no CMakeLists.txt: {missing}"


def test_every_unit_test_mirrors_a_source():
    strange = []
    for source in source_tree.sources():
        if not source.path.endswith("_test.cc") or source.path.startswith("tests/guest/"):
            continue
        # A large topic may have several: unpack_test.cc, unpack_attack_test.cc.
        words = source.name.removesuffix("_test.cc").split("_")
        folder = source_tree.ROOT / source.folder.removeprefix("tests/")
        names = ["_".join(words[:count]) for count in range(1, len(words) + 1)]
        if not any((folder / f"{name}{end}").exists() for name in names for end in (".cc", ".h")):
            strange.append(source.path)

    assert not strange, f"no source beside: {strange}"
