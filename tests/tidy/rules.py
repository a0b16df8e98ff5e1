"""The rules that a look at the text decides. Each takes a Source and returns what is wrong.

A rule is a function with the samples that it must refuse: [(path, text), …].
"""

import re

import layers

RULES = []

HEADER_LINES = 200
SOURCE_LINES = 500
COLUMNS = 100


def rule(*bad_samples):
    """Registers a rule; its name is the test's name."""
    def register(function):
        function.bad_samples = bad_samples
        RULES.append(function)
        return function
    return register


def _lines_with(pattern, text, message):
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = re.search(pattern, line)
        if match is not None:
            found.append(f"{number}: {message.format(match.group(0).strip())}")
    return found


@rule(("image/pull.cc", '#include "net/bridge.h"\n'),
      ("runtime/base/text.h", '#include "runtime/sys/file.h"\n'),
      ("cluster/scheduler/place.cc", '#include "runtime/sys/file.h"\n'),
      ("runtime/spec/config.cc", '#include "cluster/engine/engine.h"\n'))
def includes_point_downwards(source):
    if not source.is_code or source.is_test:
        return []
    return [f"{source.folder} must not include {target}"
            for target in re.findall(r'#include "([^"]+)"', source.code())
            if not layers.may_include(source.path, target)]


@rule(("image/pull.cc", '#include "pull.h"\n'), ("image/pull.cc", '#include "../net/x.h"\n'))
def include_paths_start_at_the_root(source):
    if not source.is_code:
        return []
    return [f"{target}: not a path from the root"
            for target in re.findall(r'#include "([^"]+)"', source.code())
            if target.split("/")[0] not in layers.TOP_FOLDERS]


@rule(("image/pull.h", "// x\n" * 201), ("image/pull.cc", "// x\n" * 501))
def files_are_short(source):
    limit = HEADER_LINES if source.is_header else SOURCE_LINES
    count = len(source.lines())
    return [f"{count} lines, at most {limit}"] if count > limit else []


@rule(("image/pull.cc", "x" * 101 + "\n"))
def lines_are_short(source):
    return [f"{number}: {len(line)} columns, at most {COLUMNS}"
            for number, line in enumerate(source.lines(), 1) if len(line) > COLUMNS]


@rule(("image/pull_utils.cc", ""), ("net/common/link.cc", ""), ("image/Pull.cc", ""))
def names_say_what_is_inside(source):
    # "Credential helper" is Docker's name for a program that keeps passwords.
    words = re.split(r"[/_.-]", source.path.replace("credential_helper", "credential"))
    drawers = {"util", "utils", "common", "misc", "helper", "helpers", "core", "manager",
               "managers", "handler", "handlers"}
    found = [f"{word} names a drawer, not a thing" for word in words if word in drawers]
    if source.is_code and not re.fullmatch(r"[a-z0-9_]+\.(cc|h)", source.name):
        found.append("not in snake_case")
    return found


@rule(("image/pull.h", "#pragma once\nint x;\n"), ("image/pull.h", "// A thing.\nint x;\n"))
def headers_open_with_what_they_are(source):
    if not source.is_header:
        return []
    found = [] if source.text.startswith("//") else ["does not open with a comment"]
    if "#pragma once" not in source.text:
        found.append("no #pragma once")
    return found


@rule(("image/pull.cc", "// TODO: later\n"), ("tests/host/test_x.py", "# FIXME\n"))
def nothing_is_left_to_do(source):
    if source.path.startswith("tests/tidy/"):
        return []
    return _lines_with(r"\b(TODO|FIXME|XXX)\b", source.text, "{}")


_EVERYWHERE = (r"(?<![\w.>])(system|popen|strcpy|strcat|sprintf|vsprintf|gets|mktemp|tmpnam|tempnam"
               r"|rand|srand|strtok|atoi|atol|atoll|atof|asctime|ctime|gethostbyname|alloca)\s*\(")


@rule(("image/pull.cc", "::system(command);\n"), ("net/x.cc", "  strcpy(a, b);\n"),
      ("cmd/ikada/x.cc", "#include <regex>\n"), ("net/x.cc", "throw Error();\n"),
      ("net/x.cc", "using namespace std;\n"))
def banned_calls_are_not_made(source):
    if not source.is_code:
        return []
    text = source.code()
    found = _lines_with(_EVERYWHERE, text, "{}…) is banned")
    found += _lines_with(r"#include <regex>|std::regex", text, "{}: backtracks without a limit")
    found += _lines_with(r"^\s*throw\b", text, "{}: errors are values")
    return found + _lines_with(r"\busing namespace (?!std::\w*literals)\w", text, "{} is banned")


@rule(("runtime/mount/x.cc", "#include <iostream>\n"), ("runtime/mount/x.cc", "std::thread t;\n"),
      ("runtime/sys/x.cc", "::getpwnam(name);\n"),
      ("runtime/init/x.cc", '#include "runtime/sys/shared_library.h"\n'))
def the_runtime_stays_small_and_single_threaded(source):
    if not source.path.startswith(("runtime/", "cmd/ikada-runtime/")) or not source.is_code:
        return []
    # On the floor for image and net, which load libraries; the runtime itself never does.
    if source.path.startswith("runtime/sys/shared_library."):
        return []
    text = source.code()
    found = _lines_with(r'#include "(runtime/sys/shared_library.h)"', source.text,
                        "{} is banned in the runtime")
    found += _lines_with(r"#include <(iostream|fstream|sstream|iomanip|locale|thread|future)>",
                        text, "{} is banned in the runtime")
    return found + _lines_with(
        r"\b(std::(thread|async|cout|cerr|locale)|(getpw|getgr)(nam|uid|gid)|getaddrinfo|dlopen"
        r"|setlocale|initgroups|pthread_create)\b", text, "{} is banned in the runtime")


@rule(("runtime/init/x.cc", "::exit(1);\n"), ("runtime/init/x.cc", "std::exit(1);\n"))
def between_clone_and_exec_only_underscore_exit(source):
    if not source.path.startswith("runtime/init/") or not source.is_code:
        return []
    return _lines_with(r"(?<![_\w])exit\s*\(", source.code(), "{}…): use _exit")


@rule(("cluster/daemon/x.cc", "::setenv(a, b, 1);\n"), ("cmd/ikadad/main.cc", "::fork();\n"),
      ("cluster/api/x.cc", "::unshare(CLONE_NEWNS);\n"))
def the_daemon_never_clones_nor_changes_its_environment(source):
    if not source.path.startswith(("cluster/", "cmd/ikadad/")) or not source.is_code:
        return []
    if source.path.startswith("cluster/engine/"):
        return []
    return _lines_with(r"(?<![\w.>])(setenv|putenv|unsetenv|fork|vfork|clone|clone3|unshare|setns)"
                       r"\s*\(", source.code(), "{}…) is banned in the daemon")


@rule(("cluster/state/x.cc", "const auto now = unix_now();\n"),
      ("cluster/scheduler/x.cc", "std::random_device device;\n"))
def decisions_know_no_clock_socket_or_random_device(source):
    if not source.is_code or layers.folder_of(source.path) not in layers.PURE:
        return []
    return _lines_with(
        r"\b(unix_now|clock_gettime|gettimeofday|system_clock|steady_clock|random_device|random_hex"
        r"|getrandom|socket|open_file|read_file)\b", source.code(), "{} is banned in decisions")


def _is_guest(source):
    """Programs that the guest lane runs on a kernel of its own: no unit tests."""
    return source.path.startswith("tests/guest/")


@rule(("tests/image/x_test.cc", "::usleep(10);\n"),
      ("tests/image/x_test.cc", "std::this_thread::sleep_for(1s);\n"))
def unit_tests_do_not_sleep(source):
    if not source.is_test or not source.name.endswith("_test.cc") or _is_guest(source):
        return []
    return _lines_with(r"\b(sleep|usleep|nanosleep|sleep_for|sleep_until)\s*\(", source.code(),
                       "{}…) in a unit test")
