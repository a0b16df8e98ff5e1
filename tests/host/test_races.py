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

    assert command.wait(timeout=30) == -signal.SIGPIPE
    assert shared_ikada.inspect("chatty")["State"]["Running"]
    shared_ikada("rm", "-f", "chatty")
