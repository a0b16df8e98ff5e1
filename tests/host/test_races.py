"""Commands that meet others, or lose those they talk to, at the same moment."""

import signal
import subprocess


def ended(commands):
    """What each printed to stderr, if it failed."""
    return [errors for each in commands for _, errors in [each.communicate(timeout=60)]
            if each.returncode != 0]


def test_starting_the_same_container_at_once_starts_it_once(shared_ikada, busybox_image):
    shared_ikada("create", "--name", "wanted", "--network", "none", busybox_image, "sleep", "1000")

    starts = [shared_ikada.popen("start", "wanted", stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True) for _ in range(4)]

    assert ended(starts) == []
    assert shared_ikada.inspect("wanted")["State"]["Running"]
    shared_ikada("rm", "-f", "wanted")


def test_a_mark_that_nobody_has_locked_yet_costs_no_container(shared_ikada, busybox_image):
    made = shared_ikada("create", "--name", "kept", "--network", "none", busybox_image,
                        "true").stdout.strip()
    # As a start does, or one that was killed before it had the lock.
    mark = shared_ikada.root / "active" / made
    mark.touch(0o600)

    shared_ikada("ps")

    assert not mark.exists()
    assert shared_ikada.inspect("kept")["State"]["Status"] == "created"
    shared_ikada("rm", "kept")


def test_a_container_that_is_just_being_started_can_be_removed(shared_ikada, busybox_image):
    for attempt in range(5):
        name = f"hasty-{attempt}"
        shared_ikada("create", "--name", name, "--network", "none", busybox_image, "sleep", "1000")
        start = shared_ikada.popen("start", name, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        shared_ikada("rm", "-f", name)
        start.communicate(timeout=60)
        assert name not in shared_ikada("ps", "-a", "--format", "{{.Names}}").stdout.split()


def test_a_reader_that_leaves_ends_the_command_and_not_the_container(shared_ikada, busybox_image):
    command = shared_ikada.popen("run", "--name", "chatty", "--network", "none", busybox_image,
                                 "yes", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    command.stdout.read(2)
    command.stdout.close()

    assert command.wait(timeout=60) == -signal.SIGPIPE
    assert shared_ikada.inspect("chatty")["State"]["Running"]
    shared_ikada("rm", "-f", "chatty")


def names_of(ikada):
    return {each.name for each in (ikada.root / "names").iterdir() if each.name != ".lock"}


def test_a_container_that_is_renamed_while_it_is_removed_leaves_no_name(shared_ikada,
                                                                        busybox_image):
    before = names_of(shared_ikada)
    for _ in range(25):
        shared_ikada("create", "--network", "none", "--name", "old-name", busybox_image, "true")
        commands = [shared_ikada.popen(*words, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
                    for words in (("rename", "old-name", "new-name"), ("rm", "-f", "old-name"),
                                  ("rename", "old-name", "third-name"))]
        for command in commands:
            command.wait(timeout=60)
        shared_ikada("rm", "-f", *shared_ikada.containers(), check=False)
        assert names_of(shared_ikada) <= before


def test_a_container_that_was_renamed_and_removes_itself_leaves_no_name(shared_ikada,
                                                                       busybox_image):
    before = names_of(shared_ikada)
    command = shared_ikada.popen("run", "--rm", "--network", "none", "--name", "first-name",
                                 busybox_image, "sh", "-c", "echo up; sleep 100",
                                 stdout=subprocess.PIPE, text=True)
    assert command.stdout.readline() == "up\n"
    shared_ikada("rename", "first-name", "second-name")
    shared_ikada("kill", "second-name")
    command.communicate(timeout=60)

    assert names_of(shared_ikada) <= before


def test_a_rename_and_an_update_at_once_both_count(shared_ikada, busybox_image):
    for attempt in range(10):
        identity = shared_ikada("create", "--network", "none", "--name", "both-before",
                                busybox_image, "true").stdout.strip()
        commands = [shared_ikada.popen(*words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                       text=True)
                    for words in (("rename", identity, "both-after"),
                                  ("update", "--cpu-shares", "77", identity))]
        assert ended(commands) == []
        found = shared_ikada.inspect(identity)
        assert (found["Name"], found["HostConfig"]["CpuShares"]) == ("/both-after", 77), attempt
        shared_ikada("rm", identity)


def test_who_comes_too_late_is_told_that_there_is_no_such_container(shared_ikada, busybox_image):
    for _ in range(10):
        for first, second in ((("rm",), ("start",)), (("rm",), ("rm",)), (("rm",), ("restart",))):
            shared_ikada("create", "--network", "none", "--name", "late", busybox_image, "sleep",
                         "1000")
            commands = [shared_ikada.popen(*words, "late", stdout=subprocess.DEVNULL,
                                           stderr=subprocess.PIPE, text=True)
                        for words in (first, second)]
            for message in ended(commands):
                assert "No such container: late" in message or "container is running" in message
            shared_ikada("rm", "-f", "late", check=False)


def test_a_container_that_removes_itself_can_be_removed_by_force(shared_ikada, busybox_image):
    for _ in range(10):
        shared_ikada("run", "-d", "--rm", "--network", "none", "--name", "brief", busybox_image,
                     "sleep", "1000")
        removed = shared_ikada("rm", "-f", "brief")
        assert (removed.stdout, removed.stderr) == ("brief\n", "")
