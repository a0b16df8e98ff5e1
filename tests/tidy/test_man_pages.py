"""Every command has a man page, and every option of its --help stands in it."""

import pytest

import man_pages

HELP = """Runs things
Usage: ikada run [OPTIONS] image

Options:
  -h,--help                   Print this help message and exit
  -d, --detach                In the background
  --name TEXT                 Its name

Subcommands:
  inspect                     Show
"""


@pytest.mark.parametrize("program", man_pages.PROGRAMS)
def test_every_command_has_a_page(program):
    wanted = [()]
    if program == "ikada":
        wanted += man_pages.all_commands(program)
    missing = [man_pages.page_of(program, each).name for each in wanted
               if not man_pages.page_of(program, each).exists()]

    assert not missing, f"no man page: {missing}"


@pytest.mark.parametrize("program", man_pages.PROGRAMS)
def test_every_option_stands_in_its_page(program):
    missing = []
    for command in [(), *man_pages.all_commands(program)]:
        # The runtime's commands share one page.
        page = man_pages.page_of(program, command if program == "ikada" else ())
        options = man_pages.options_in(man_pages.help_text(program, command))
        text = man_pages.rendered(page) if page.exists() else ""
        missing += [f"{page.name}: {each}" for each in man_pages.missing_options(options, text)
                    if each not in ("-h", "--help")]

    assert not missing, "\n" + "\n".join(missing)


def test_every_page_has_its_sections():
    missing = [f"{page.name}: {each}" for page in man_pages.pages()
               for each in man_pages.missing_sections(man_pages.rendered(page))]

    assert not missing, "\n" + "\n".join(missing)


def test_every_page_is_clean():
    found = [line for page in man_pages.pages() for line in man_pages.lint(page)]

    assert not found, "\n" + "\n".join(found)


def test_an_option_that_is_not_in_the_page_is_found():
    options = man_pages.options_in(HELP)

    assert options == {"-h", "--help", "-d", "--detach", "--name"}
    assert man_pages.missing_options(options, "-d, --detach  --names") == [
        "--help", "--name", "-h"]
    assert man_pages.commands_in(HELP) == ["inspect"]


def test_a_page_without_an_example_is_found():
    text = "NAME\n  x\nSYNOPSIS\nDESCRIPTION\nEXIT STATUS\nSEE ALSO\n"

    assert man_pages.missing_sections(text) == ["EXAMPLES"]


def test_a_bad_page_is_found(tmp_path):
    bad = tmp_path / "bad.1"
    bad.write_text(".TH BAD 1\n.nosuchmacro\n")

    assert man_pages.lint(bad)
