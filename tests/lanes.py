"""Builds the release preset and runs the lanes; the last line is `N passed, N failed, N skipped`.

  ./test                       every lane
  ./test unit tidy             these lanes
  ./test host -k NAME -x       one lane; what follows goes to it (pytest, doctest: -k only)
  ./test --build DIR host      programs of another build directory, which is not built

A lane that cannot run says why: it counts as one skipped, or as one failed where CI is set, unless
the machine itself is the reason.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
LANES = ("unit", "tidy", "host", "guest")
BUILD_TIMEOUT_S = 2400
UNIT_TIMEOUT_S = 300
LANE_TIMEOUT_S = {"tidy": 2400, "host": 3000, "guest": 900}
# Of the host lane: they wait for clocks and time limits more than they compute, so they run beside
# the others.
WAITING_FILES = tuple(f"tests/host/{name}.py" for name in (
    "test_cluster", "test_cluster_abuse", "test_cluster_ca", "test_cluster_ca_away",
    "test_cluster_certificates", "test_cluster_faults", "test_cluster_histories",
    "test_cluster_nodes", "test_cluster_partition", "test_cluster_quorum", "test_rotation_load",
    "test_sealing_key", "test_etcd_store", "test_gossip", "test_hostile_network",
    "test_cluster_leaving", "test_cut_off_hosts", "test_log_store_hosts", "test_node_roles",
    "test_service_cluster", "test_task_network_hosts", "test_task_streams", "test_names",
    "test_balanced_cluster", "test_balancer_states_cluster"))


class Count:
    """How many tests passed, failed and were skipped."""

    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed = passed
        self.failed = failed
        self.skipped = skipped

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed,
                     self.skipped + other.skipped)

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def cannot_run(lane, reason, machine=False):
    """One test that says why its lane did not run."""
    print(f"{lane}: cannot run: {reason}")
    return Count(failed=1) if os.environ.get("CI") and not machine else Count(skipped=1)


def stop(process):
    """Ends a group of ours: politely, so that it can clean up, then for good."""
    for number, patience in ((signal.SIGINT, 30), (signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=patience)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


# The groups of processes that run() has started and that have not ended.
RUNNING = set()


def stop_all():
    for process in list(RUNNING):
        stop(process)


def run(command, timeout, environment=None, capture=False):
    """The exit status (None: it took too long) and, if asked for, the output."""
    process = subprocess.Popen(
        [str(each) for each in command], cwd=ROOT, env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if capture else None,
        stderr=subprocess.STDOUT if capture else None, text=True, errors="replace",
        start_new_session=True)
    RUNNING.add(process)
    try:
        output, _ = process.communicate(timeout=timeout)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        stop(process)
        return None, ""
    except KeyboardInterrupt:
        stop(process)
        raise
    finally:
        RUNNING.discard(process)


def build():
    started = time.monotonic()
    # Without the sloppiness ccache caches nothing that uses a precompiled header.
    ccache = {"CMAKE_CXX_COMPILER_LAUNCHER": "ccache",
              "CCACHE_SLOPPINESS": "pch_defines,time_macros"} \
        if os.path.exists("/usr/bin/ccache") else {}
    for command in (["cmake", "--preset", "release"],
                    ["cmake", "--build", "--preset", "release", "--target", "all", "tests/all"]):
        status, _ = run(command, BUILD_TIMEOUT_S, ccache)
        if status != 0:
            print(f"build: {' '.join(command)} {'took too long' if status is None else 'failed'}")
            return False
    print(f"build: {time.monotonic() - started:.0f} s")
    return True


def unit_programs(build_dir):
    listing = subprocess.run(["ctest", "--test-dir", build_dir, "--show-only=json-v1"],
                             capture_output=True, check=True, timeout=60).stdout
    return [(test["name"], test.get("command")) for test in json.loads(listing)["tests"]]


def run_unit_program(name, command, words):
    """What it counted, and what there is to print."""
    if command is None:
        return Count(failed=1), f"unit: {name}: not built"
    status, output = run(command + words, UNIT_TIMEOUT_S, capture=True)
    found = re.search(r"test cases: *\d+ \| *(\d+) passed \| *(\d+) failed", output)
    # Without one it crashed, hangs, or does not exist.
    count = Count(passed=int(found[1]), failed=int(found[2])) if found else Count(failed=1)
    if status != 0 and count.failed == 0:
        count.failed = 1
    text = f"unit: {name}: {count.passed} passed, {count.failed} failed"
    if count.failed:
        why = output if status is not None else f"took longer than {UNIT_TIMEOUT_S} s"
        text = f"{why}\n{text}"
    return count, text


def run_unit(build_dir, options):
    """As many programs at a time as there are processors, the longest first."""
    words = []
    if "-k" in options:
        words = [f"--test-case=*{options[options.index('-k') + 1]}*"]
    programs = sorted(unit_programs(build_dir), key=lambda each: "simulation" not in each[0])
    total = Count()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for count, text in pool.map(lambda each: run_unit_program(*each, words), programs):
                print(text, flush=True)
                total += count
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            stop_all()
            raise
    return total


def run_pytest(lane, build_dir, selection, options, capture=False):
    with tempfile.TemporaryDirectory(prefix="ikada-lane-") as scratch:
        report = pathlib.Path(scratch) / "report.xml"
        # Everything below is thrown away, also when a test leaves files behind.
        status, output = run(
            ["/usr/bin/python3", "-m", "pytest", "-q", "-rs", *selection,
             f"--junitxml={report}", f"--basetemp={scratch}/tmp", "--tb=short", *options],
            LANE_TIMEOUT_S[lane], {"IKADA_BUILD": str(build_dir), "PYTHONDONTWRITEBYTECODE": "1"},
            capture)
        if capture:
            print(output, end="", flush=True)
        if not report.exists():
            why = "took too long" if status is None else f"pytest ended with {status}"
            print(f"{lane}: {why}")
            return Count(failed=1)
        suite = xml.etree.ElementTree.parse(report).getroot().find("testsuite")
        tests, failures, errors, skipped = (
            int(suite.get(key)) for key in ("tests", "failures", "errors", "skipped"))
    failed = failures + errors
    if status not in (0, 5) and failed == 0:  # 5: nothing was selected.
        failed = 1
    return Count(passed=max(0, tests - failures - errors - skipped), failed=failed,
                 skipped=skipped)


def run_host(build_dir, options):
    """Two streams: what computes, and beside it what waits."""
    counts = []

    def run_waiting():
        counts.append(run_pytest("host", build_dir, WAITING_FILES, options, capture=True))

    beside = threading.Thread(target=run_waiting)
    beside.start()
    try:
        selection = ["tests/host", *(f"--ignore={path}" for path in WAITING_FILES)]
        count = run_pytest("host", build_dir, selection, options)
    finally:
        if sys.exc_info()[0] is not None:
            stop_all()
        beside.join()
    # A stream that ended without a report of its own has failed.
    return count + (counts[0] if counts else Count(failed=1))


def run_guest(build_dir, options):
    runner = ROOT / "tests" / "guest" / "run"
    if not os.path.exists("/usr/bin/linux.uml"):
        return cannot_run("guest", "linux.uml is missing (package user-mode-linux)")
    status, output = run([runner, *options], LANE_TIMEOUT_S["guest"],
                         {"IKADA_BUILD": str(build_dir)}, capture=True)
    print(output, end="")
    found = re.findall(r"(\d+) passed, (\d+) failed, (\d+) skipped", output)
    if not found:
        print("guest: took too long" if status is None else f"guest: ended with {status}")
        return Count(failed=1)
    count = Count(*map(int, found[-1]))
    if status != 0 and count.failed == 0:
        count.failed = 1
    return count


def run_lane(lane, build_dir, options):
    if lane in ("host", "guest") and os.geteuid() != 0:
        return cannot_run(lane, "it needs root")
    if lane == "host" and "cgroup2" not in pathlib.Path("/proc/mounts").read_text():
        return cannot_run(lane, "no cgroup2 mount on this machine", machine=True)
    if lane == "unit":
        return run_unit(build_dir, options)
    if lane == "guest":
        return run_guest(build_dir, options)
    if lane == "host":
        return run_host(build_dir, options)
    return run_pytest(lane, build_dir, [f"tests/{lane}"], options)


def main(words):
    build_dir = None
    if words[:1] in (["-h"], ["--help"]):
        print(__doc__, end="")
        return 0
    if words[:1] == ["--build"]:
        build_dir = pathlib.Path(words[1]).resolve()
        words = words[2:]
    lanes = []
    while words and words[0] in LANES:
        lanes.append(words.pop(0))
    if words and not words[0].startswith("-") and not lanes:
        print(f"test: unknown lane: {words[0]}; there are {', '.join(LANES)}", file=sys.stderr)
        return 2
    if build_dir is None:
        build_dir = ROOT / "build" / "release"
        if not build():
            print(Count(failed=1))
            return 1
    total = Count()
    for lane in lanes or LANES:
        print(f"== {lane}", flush=True)
        started = time.monotonic()
        count = run_lane(lane, build_dir, words)
        print(f"{lane}: {count} in {time.monotonic() - started:.0f} s", flush=True)
        total += count
    print(total)
    return 1 if total.failed else 0


if __name__ == "__main__":
    # SIGTERM ends us as Ctrl-C does: what runs is stopped first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
