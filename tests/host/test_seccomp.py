"""The default seccomp profile on the real kernel, call by call.

seccomp_probe asks the filter for its verdict without making the calls. The tables here are written
down apart from those of runtime/security.

Source: moby profiles/seccomp 0.2.3 with Docker's 14 capabilities on x86_64, as runc applies it;
numbers from linux-libc-dev, and for calls newer than it from Linux 6.17.
"""

import errno
import json
import pathlib
import platform
import re
import shutil

import bundles
import programs
import pytest

PROBE = programs.BUILD / "host" / "seccomp_probe"
UNISTD = pathlib.Path("/usr/include/x86_64-linux-gnu/asm")

pytestmark = [
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the tables are for x86_64"),
    pytest.mark.skipif(not PROBE.exists(), reason=f"{PROBE} is not built"),
    pytest.mark.skipif(not UNISTD.exists(), reason="linux-libc-dev is not installed"),
]

REFUSED = """
syslog uselib ustat sysfs vhangup pivot_root _sysctl acct settimeofday mount umount2 swapon swapoff
reboot sethostname setdomainname iopl ioperm create_module init_module delete_module
get_kernel_syms query_module quotactl nfsservctl getpmsg putpmsg afs_syscall tuxcall security
lookup_dcookie clock_settime vserver mbind set_mempolicy get_mempolicy kexec_load add_key
request_key keyctl migrate_pages unshare move_pages perf_event_open fanotify_init
open_by_handle_at setns kcmp finit_module kexec_file_load bpf userfaultfd io_uring_setup
io_uring_enter io_uring_register open_tree move_mount fsopen fsconfig fsmount fspick pidfd_getfd
process_madvise mount_setattr quotactl_fd set_mempolicy_home_node lsm_get_self_attr
lsm_set_self_attr lsm_list_modules open_tree_attr file_getattr file_setattr
""".split()

BY_ARGUMENT = ["clone", "personality", "socket"]

NEWER_THAN_HEADERS = """
cachestat fchmodat2 map_shadow_stack futex_wake futex_wait futex_requeue statmount listmount
lsm_get_self_attr lsm_set_self_attr lsm_list_modules mseal setxattrat getxattrat listxattrat
removexattrat open_tree_attr file_getattr file_setattr
""".split()
FIRST_NEWER = 451

# Since Linux 6.14 the kernel lets these past every filter: they are calls of its own making.
UNFILTERED = {"uretprobe": 335, "uprobe": 336}

CLONE_FLAGS = {
    "CLONE_NEWNS": 0x00020000, "CLONE_NEWCGROUP": 0x02000000, "CLONE_NEWUTS": 0x04000000,
    "CLONE_NEWIPC": 0x08000000, "CLONE_NEWUSER": 0x10000000, "CLONE_NEWPID": 0x20000000,
    "CLONE_NEWNET": 0x40000000,
}
AF_INET, AF_NETLINK, AF_ALG, AF_VSOCK = 2, 16, 38, 40


def numbers(header):
    text = (UNISTD / header).read_text()
    table = {name: int(number)
             for name, number in re.findall(r"#define __NR_(\w+) (\d+)", text)}
    for offset, name in enumerate(NEWER_THAN_HEADERS):
        table[name] = FIRST_NEWER + offset
    return table


@pytest.fixture(scope="module")
def calls():
    return numbers("unistd_64.h")


@pytest.fixture(params=["alone", "in a container"])
def judge(request):
    """judge([("x86_64", number, argument...), ...]) → ["allow" or an errno name, ...]."""
    if request.param == "in a container":
        runtime, bundle, rootfs = (request.getfixturevalue(name)
                                   for name in ("runtime", "bundle", "own_rootfs"))
        if not programs.IKADA_RUNTIME.exists():
            pytest.skip("ikada-runtime is not built")
        shutil.copy2(PROBE, rootfs / "seccomp_probe")

    def ask(lines, capabilities=()):
        text = "".join(" ".join(map(str, line)) + "\n" for line in lines)
        words = [*bundles.DEFAULT_CAPABILITIES, *capabilities]
        if request.param == "alone":
            result = programs.run(PROBE, "--load", *words, input=text)
        else:
            container = bundle(["/seccomp_probe"], rootfs=rootfs)
            profile = programs.run(PROBE, "--profile", *words).stdout
            container.linux["seccomp"] = json.loads(profile)
            container.save()
            result = runtime.run(container, input=text, check=True)
        answers = result.stdout.split()
        assert len(answers) == len(lines), result.stderr
        return [answer if answer == "allow" else errno.errorcode.get(int(answer), answer)
                for answer in answers]

    return ask


def test_d1_every_call_of_x86_64_is_judged_as_the_table_says(calls, judge):
    assert len(calls) + 1 == 382  # With uretprobe.
    names = sorted(set(calls) - set(BY_ARGUMENT), key=calls.get)
    verdicts = dict(zip(names, judge([("x86_64", calls[name]) for name in names])))

    expected = {name: "EPERM" if name in REFUSED else "ENOSYS" if name == "clone3" else "allow"
                for name in names}
    assert {name: (verdicts[name], expected[name]) for name in names
            if verdicts[name] != expected[name]} == {}
    assert list(verdicts.values()).count("allow") + 1 == 306
    assert list(verdicts.values()).count("EPERM") == 72


def test_d1_numbers_without_a_name_are_enosys(calls, judge):
    unnamed = [number for number in range(600)
               if number not in {*calls.values(), *UNFILTERED.values()}]
    verdicts = judge([("x86_64", number) for number in unnamed])
    assert set(verdicts) == {"ENOSYS"}


def test_d1_the_other_abis_have_the_same_rules(judge):
    x86 = numbers("unistd_32.h")
    x86_refused = set(REFUSED) | {"umount", "stime", "clock_settime64", "vm86", "vm86old", "idle",
                                  "bdflush", "ulimit", "prof", "profil", "lock", "mpx", "ftime",
                                  "break", "stty", "gtty", "oldstat", "oldfstat", "oldlstat",
                                  "olduname", "oldolduname", "signal", "sigaction", "sgetmask",
                                  "ssetmask", "sigsuspend", "sigpending", "readdir", "nice",
                                  "arch_prctl"}
    names = sorted(set(x86) - set(BY_ARGUMENT) - {"clone3"}, key=x86.get)
    verdicts = dict(zip(names, judge([("x86", x86[name]) for name in names])))
    refused = {name for name, verdict in verdicts.items() if verdict == "EPERM"}
    assert refused - x86_refused == set()
    assert {"mount", "setns", "bpf", "umount", "stime", "io_uring_setup"} <= refused
    assert {verdicts[name] for name in ("read", "mmap2", "socketcall", "futex_time64",
                                        "clock_gettime64", "cachestat")} == {"allow"}
    assert judge([("x86", x86["socket"], AF_ALG), ("x86", x86["clone"], 0x10000011),
                  ("x86", x86["clone3"]), ("x32", 0), ("x32", 165), ("x32", 514)]) == [
                      "EPERM", "EPERM", "ENOSYS", "allow", "EPERM", "allow"]


def test_d2_clone_makes_no_namespaces(calls, judge):
    clone = calls["clone"]
    flags = list(CLONE_FLAGS.values())
    assert set(judge([("x86_64", clone, flag | 17) for flag in flags])) == {"EPERM"}
    assert judge([("x86_64", clone, 17), ("x86_64", clone, 0x003d0f00)]) == ["allow", "allow"]
    assert judge([("x86_64", calls["clone3"])]) == ["ENOSYS"]


def test_d2_socket_families(calls, judge):
    socket = calls["socket"]
    verdicts = judge([("x86_64", socket, family) for family in range(46)])
    refused = [family for family, verdict in enumerate(verdicts) if verdict != "allow"]
    assert refused == [AF_ALG, AF_VSOCK]
    # The kernel looks at the lower 32 bits only.
    high = 1 << 32
    assert judge([("x86_64", socket, high | family) for family in (AF_ALG, AF_VSOCK)]) == [
        "EPERM", "EPERM"]


def test_d2_personalities(calls, judge):
    personality = calls["personality"]
    allowed = [0, 8, 0x20000, 0x20008, 0xffffffff]
    refused = [1, 0x40000, 0x0400000, 0x20009, 0x8000000]
    assert set(judge([("x86_64", personality, each) for each in allowed])) == {"allow"}
    assert set(judge([("x86_64", personality, each) for each in refused])) == {"EPERM"}


def test_capabilities_open_calls(calls, judge):
    names = ["mount", "setns", "bpf", "clone3", "unshare", "fsopen"]
    assert set(judge([("x86_64", calls[name]) for name in names], ["CAP_SYS_ADMIN"])) == {"allow"}
    assert judge([("x86_64", calls["clone"], 0x7e020011)], ["CAP_SYS_ADMIN"]) == ["allow"]
    assert judge([("x86_64", calls["kcmp"])], ["CAP_SYS_PTRACE"]) == ["allow"]
