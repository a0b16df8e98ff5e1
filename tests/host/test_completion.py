"""What bash offers after the Tab key."""

import programs

SCRIPT = programs.ROOT / "cmd" / "ikada" / "ikada.bash"


def complete(*words):
    quoted = " ".join(f"'{word}'" for word in words)
    shell = f"""source {SCRIPT}
        COMP_WORDS=({programs.IKADA} {quoted})
        COMP_CWORD={len(words)}
        _ikada
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return programs.run("bash", "--norc", "-c", shell).stdout.split()


def test_commands_are_offered():
    assert "logout" in complete("log")
    assert "login" in complete("--root", "/tmp", "log")


def test_help_is_offered_for_every_command():
    assert complete("hel") == ["help"]
    assert "logout" in complete("help", "log")
    assert complete("help", "image", "insp") == ["inspect"]
    assert complete("image", "hel") == []


def test_options_are_those_of_the_command():
    assert complete("login", "--pass") == ["--password", "--password-stdin"]
    assert "--format" in complete("version", "-")


def test_global_options_are_offered_before_a_command():
    assert {"--root", "--run-root"} <= set(complete("--r"))


def test_verbs_of_a_group_are_offered():
    assert {"inspect", "ls", "rm"} <= set(complete("image", ""))
    assert complete("--root", "/tmp", "image", "insp") == ["inspect"]
    assert "--filter" in complete("image", "ls", "--f")


def test_tasks_and_task_definitions_are_groups():
    assert {"run", "explain", "logs"} <= set(complete("task", ""))
    assert complete("task-def", "reg") == ["register"]
    assert complete("task", "run", "--wa") == ["--wait"]
