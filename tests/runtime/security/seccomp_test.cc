#include "runtime/security/seccomp.h"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "runtime/security/default_profile.h"
#include "runtime/security/syscall_table.h"
#include "tests/runtime/security/bpf_interpreter.h"

namespace ikada {
namespace {

constexpr std::uint32_t kErrno = SECCOMP_RET_ERRNO;
constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;

seccomp_data make_call(std::uint32_t arch,
                       std::uint32_t number,
                       std::array<std::uint64_t, 6> args = {}) {
  seccomp_data call = {};
  call.nr = static_cast<int>(number);
  call.arch = arch;
  std::copy(args.begin(), args.end(), call.args);
  return call;
}

std::uint32_t judge(const SeccompProgram& program,
                    std::uint32_t number,
                    std::array<std::uint64_t, 6> args = {},
                    std::uint32_t arch = AUDIT_ARCH_X86_64) {
  const FilterRun run = run_filter(program.instructions, make_call(arch, number, args));
  CHECK(run.valid);
  return run.action;
}

SeccompProgram compile(const std::string& text) {
  const Json json = parse_json(text).value();
  auto program = compile_seccomp(json);
  REQUIRE_MESSAGE(program.has_value(), program.error().message);
  return *program;
}

std::string refusal_of(const std::string& text) {
  const auto program = compile_seccomp(parse_json(text).value());
  return program ? "" : program.error().message;
}

SeccompProgram default_program(std::vector<std::string> extra = {}) {
  std::vector<std::string> capabilities(default_capabilities().begin(),
                                        default_capabilities().end());
  capabilities.insert(capabilities.end(), extra.begin(), extra.end());
  return compile_seccomp(default_seccomp_profile(capabilities)).value();
}

std::uint32_t number_of(std::string_view name, SyscallAbi abi = SyscallAbi::kX8664) {
  for (const Syscall& call : syscall_table(abi)) {
    if (call.name == name) return call.number;
  }
  FAIL("no such call: ", name);
  return 0;
}

TEST_CASE("the syscall tables name each call and each number once") {
  for (const SyscallAbi abi :
       {SyscallAbi::kX8664, SyscallAbi::kX86, SyscallAbi::kX32, SyscallAbi::kAarch64}) {
    std::map<std::string_view, int> names;
    std::map<std::uint32_t, int> numbers;
    for (const Syscall& call : syscall_table(abi)) {
      CHECK(++names[call.name] == 1);
      CHECK(++numbers[call.number] == 1);
    }
  }
  CHECK(syscall_table(SyscallAbi::kX8664).size() == 382);
  CHECK(number_of("read") == 0);
  CHECK(number_of("uretprobe") == 335);
  CHECK(number_of("file_setattr") == 469);
  CHECK(number_of("socket", SyscallAbi::kX86) == 359);
  CHECK(number_of("clock_gettime64", SyscallAbi::kX86) == 403);
  CHECK(number_of("ioctl", SyscallAbi::kX32) == (0x40000000 | 514));
  CHECK(number_of("openat", SyscallAbi::kAarch64) == 56);
}

TEST_CASE("the default profile allows 306 calls on x86_64 and refuses 72") {
  const SeccompProgram program = default_program();

  std::map<std::uint32_t, int> counts;
  for (const Syscall& call : syscall_table(SyscallAbi::kX8664)) {
    const std::string_view name = call.name;
    if (name == "clone" || name == "personality" || name == "socket" || name == "clone3") continue;
    ++counts[judge(program, call.number)];
  }

  CHECK(counts[kAllow] == 306);
  CHECK(counts[kErrno | EPERM] == 72);
  CHECK(counts.size() == 2);
  CHECK(program.unknown_names.empty());
  CHECK(judge(program, number_of("clone3")) == (kErrno | ENOSYS));
}

TEST_CASE("the default profile is a small tree") {
  const SeccompProgram program = default_program();

  CHECK(program.instructions.size() < 1000);
  unsigned most = 0;
  for (std::uint32_t number = 0; number < 500; ++number) {
    const FilterRun run =
        run_filter(program.instructions, make_call(AUDIT_ARCH_X86_64, number, {}));
    most = std::max(most, run.steps);
  }
  CHECK(most < 40);
}

TEST_CASE("the default profile says ENOSYS to calls newer than itself") {
  const SeccompProgram program = default_program();

  for (const std::uint32_t number : {336u, 400u, 470u, 471u, 600u, 0x3fffffffu}) {
    CAPTURE(number);
    CHECK(judge(program, number) == (kErrno | ENOSYS));
  }
  CHECK(judge(program, 470, {}, AUDIT_ARCH_I386) == (kErrno | ENOSYS));
  CHECK(judge(program, 0x40000000u | 470) == (kErrno | ENOSYS));
  CHECK(judge(program, 0xffffffffu) == (kErrno | ENOSYS));
}

TEST_CASE("the default profile looks at the flags of clone") {
  const SeccompProgram program = default_program();
  const std::uint32_t clone = number_of("clone");

  for (const std::uint64_t flag : {0x00020000u,
                                   0x02000000u,
                                   0x04000000u,
                                   0x08000000u,
                                   0x10000000u,
                                   0x20000000u,
                                   0x40000000u}) {
    CAPTURE(flag);
    CHECK(judge(program, clone, {flag | 17}) == (kErrno | EPERM));
  }
  CHECK(judge(program, clone, {17}) == kAllow);
  CHECK(judge(program, clone, {0x003d0f00}) == kAllow);
  CHECK(judge(default_program({"CAP_SYS_ADMIN"}), clone, {0x7e020000}) == kAllow);
  CHECK(judge(default_program({"CAP_SYS_ADMIN"}), number_of("clone3")) == kAllow);
}

TEST_CASE("the default profile keeps AF_ALG and AF_VSOCK out, however they are written") {
  const SeccompProgram program = default_program();
  const std::uint32_t socket = number_of("socket");

  for (std::uint64_t family = 0; family <= 45; ++family) {
    CAPTURE(family);
    const bool refused = family == 38 || family == 40;
    CHECK(judge(program, socket, {family}) == (refused ? kErrno | EPERM : kAllow));
    CHECK(judge(program, socket, {family | std::uint64_t{1} << 32}) == (kErrno | EPERM));
  }
  CHECK(judge(program, number_of("socket", SyscallAbi::kX86), {38}, AUDIT_ARCH_I386) ==
        (kErrno | EPERM));
}

TEST_CASE("the default profile allows five personalities") {
  const SeccompProgram program = default_program();
  const std::uint32_t personality = number_of("personality");

  for (const std::uint64_t allowed : {0x0ull, 0x8ull, 0x20000ull, 0x20008ull, 0xffffffffull}) {
    CHECK(judge(program, personality, {allowed}) == kAllow);
  }
  for (const std::uint64_t refused : {0x1ull, 0x40000ull, 0x20009ull, 0x100000000ull}) {
    CHECK(judge(program, personality, {refused}) == (kErrno | EPERM));
  }
}

TEST_CASE("a capability opens the calls that need it") {
  struct Row {
    const char* capability;
    std::vector<const char*> names;
  };
  const std::vector<Row> rows = {
      {"CAP_SYS_ADMIN",
       {"mount", "umount2", "bpf", "setns", "unshare", "fsopen", "lsm_list_modules"}},
      {"CAP_DAC_READ_SEARCH", {"open_by_handle_at"}},
      {"CAP_SYS_MODULE", {"init_module", "finit_module", "delete_module"}},
      {"CAP_SYS_PTRACE", {"kcmp", "pidfd_getfd", "process_madvise"}},
      {"CAP_SYS_NICE", {"mbind", "get_mempolicy", "set_mempolicy", "set_mempolicy_home_node"}},
      {"CAP_SYS_TIME", {"settimeofday", "clock_settime"}},
      {"CAP_SYS_RAWIO", {"iopl", "ioperm"}},
      {"CAP_SYS_BOOT", {"reboot"}},
      {"CAP_SYS_PACCT", {"acct"}},
      {"CAP_SYS_TTY_CONFIG", {"vhangup"}},
      {"CAP_SYSLOG", {"syslog"}},
      {"CAP_BPF", {"bpf"}},
      {"CAP_PERFMON", {"perf_event_open"}},
  };
  const SeccompProgram plain = default_program();
  for (const Row& row : rows) {
    const SeccompProgram opened = default_program({row.capability});
    for (const char* name : row.names) {
      CAPTURE(row.capability);
      CAPTURE(name);
      CHECK(judge(plain, number_of(name)) == (kErrno | EPERM));
      CHECK(judge(opened, number_of(name)) == kAllow);
    }
  }
  const SeccompProgram nothing = compile_seccomp(default_seccomp_profile({})).value();
  CHECK(judge(nothing, number_of("chroot")) == (kErrno | EPERM));
}

TEST_CASE("other architectures than those of the profile are killed") {
  const SeccompProgram both = default_program();
  CHECK(judge(both, 4, {}, AUDIT_ARCH_I386) == kAllow);
  CHECK(judge(both, 0x40000000) == kAllow);
  CHECK(judge(both, 0, {}, AUDIT_ARCH_AARCH64) == SECCOMP_RET_KILL_PROCESS);

  const SeccompProgram native =
      compile(R"({"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64"]})");
  CHECK(judge(native, 0) == kAllow);
  CHECK(judge(native, 4, {}, AUDIT_ARCH_I386) == SECCOMP_RET_KILL_PROCESS);
  CHECK(judge(native, 0x40000000) == SECCOMP_RET_KILL_PROCESS);
}

TEST_CASE("actions carry their value") {
  const SeccompProgram program = compile(R"({
    "defaultAction": "SCMP_ACT_KILL_PROCESS",
    "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
    "syscalls": [
      {"names": ["read"], "action": "SCMP_ACT_ERRNO", "errnoRet": 42},
      {"names": ["write"], "action": "SCMP_ACT_ERRNO"},
      {"names": ["open"], "action": "SCMP_ACT_TRACE", "errnoRet": 7},
      {"names": ["close"], "action": "SCMP_ACT_TRAP"},
      {"names": ["stat"], "action": "SCMP_ACT_LOG"},
      {"names": ["fstat"], "action": "SCMP_ACT_KILL"},
      {"names": ["lstat", "no_such_call"], "action": "SCMP_ACT_ALLOW"}]})");

  CHECK(judge(program, 0) == (kErrno | 42));
  CHECK(judge(program, 1) == (kErrno | EPERM));
  CHECK(judge(program, 2) == (SECCOMP_RET_TRACE | 7));
  CHECK(judge(program, 3) == SECCOMP_RET_TRAP);
  CHECK(judge(program, 4) == SECCOMP_RET_LOG);
  CHECK(judge(program, 5) == SECCOMP_RET_KILL_THREAD);
  CHECK(judge(program, 6) == kAllow);
  CHECK(judge(program, 7) == SECCOMP_RET_KILL_PROCESS);
  CHECK(judge(program, 470) == SECCOMP_RET_KILL_PROCESS);
  CHECK(program.flags == (SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW));
  CHECK(program.unknown_names == std::vector<std::string>{"no_such_call"});
}

TEST_CASE("a profile older than a call gives ENOSYS for it") {
  const SeccompProgram program = compile(R"({
    "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
    "syscalls": [{"names": ["read", "openat2"], "action": "SCMP_ACT_ALLOW"}]})");

  CHECK(judge(program, number_of("write")) == (kErrno | EPERM));
  CHECK(judge(program, number_of("pidfd_open")) == (kErrno | EPERM));
  CHECK(judge(program, number_of("openat2")) == kAllow);
  CHECK(judge(program, number_of("faccessat2")) == (kErrno | ENOSYS));
  CHECK(judge(program, number_of("fchmodat2")) == (kErrno | ENOSYS));
}

bool holds(const std::string& op, std::uint64_t arg, std::uint64_t value, std::uint64_t two) {
  if (op == "SCMP_CMP_NE") return arg != value;
  if (op == "SCMP_CMP_LT") return arg < value;
  if (op == "SCMP_CMP_LE") return arg <= value;
  if (op == "SCMP_CMP_EQ") return arg == value;
  if (op == "SCMP_CMP_GE") return arg >= value;
  if (op == "SCMP_CMP_GT") return arg > value;
  return (arg & value) == two;
}

TEST_CASE("comparisons are right for every operator on 64 bits") {
  const std::vector<std::uint64_t> edges = {0,
                                            1,
                                            2,
                                            0x7fffffff,
                                            0x80000000,
                                            0xfffffffe,
                                            0xffffffff,
                                            1ull << 32,
                                            (1ull << 32) + 1,
                                            0x1ffffffff,
                                            0x8000000000000000,
                                            UINT64_MAX};
  for (const char* op : {"SCMP_CMP_NE",
                         "SCMP_CMP_LT",
                         "SCMP_CMP_LE",
                         "SCMP_CMP_EQ",
                         "SCMP_CMP_GE",
                         "SCMP_CMP_GT",
                         "SCMP_CMP_MASKED_EQ"}) {
    for (const std::uint64_t value : edges) {
      for (const std::uint64_t two : {std::uint64_t{0}, std::uint64_t{1}, value}) {
        const Json json = {
            {"defaultAction", "SCMP_ACT_ERRNO"},
            {"syscalls",
             {{{"names", {"ioctl"}},
               {"action", "SCMP_ACT_ALLOW"},
               {"args", {{{"index", 3}, {"value", value}, {"valueTwo", two}, {"op", op}}}}}}}};
        const SeccompProgram program = compile_seccomp(json).value();
        for (const std::uint64_t arg : edges) {
          CAPTURE(op);
          CAPTURE(value);
          CAPTURE(two);
          CAPTURE(arg);
          const std::uint32_t wanted = holds(op, arg, value, two) ? kAllow : kErrno | EPERM;
          CHECK(judge(program, 16, {9, 9, 9, arg, 9, 9}) == wanted);
        }
      }
    }
  }
}

// The rules read straight from the JSON, as slowly as possible.
std::uint32_t verdict_by_table(const Json& profile,
                               std::string_view name,
                               std::span<const std::uint64_t> args) {
  const auto action_of = [](const Json& rule) -> std::uint32_t {
    return rule["action"] == "SCMP_ACT_ALLOW" ? kAllow
                                              : kErrno | rule["errnoRet"].get<std::uint32_t>();
  };
  std::uint32_t first_match = kErrno | EPERM;
  bool matched = false;
  for (const Json& rule : profile["syscalls"]) {
    const auto names = rule["names"].get<std::vector<std::string>>();
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    if (!rule.contains("args") || rule["args"].empty()) return action_of(rule);
    bool all = true;
    for (const Json& arg : rule["args"]) {
      all = all && holds(arg["op"].get<std::string>(),
                         args[arg["index"].get<size_t>()],
                         arg["value"].get<std::uint64_t>(),
                         arg["valueTwo"].get<std::uint64_t>());
    }
    if (all && !matched) {
      first_match = action_of(rule);
      matched = true;
    }
  }
  return first_match;
}

TEST_CASE("random profiles do for every number what their rules say") {
  std::mt19937_64 random(20261123);
  const std::vector<Syscall> table = syscall_table(SyscallAbi::kX8664);
  const std::vector<std::string> ops = {"SCMP_CMP_NE",
                                        "SCMP_CMP_LT",
                                        "SCMP_CMP_LE",
                                        "SCMP_CMP_EQ",
                                        "SCMP_CMP_GE",
                                        "SCMP_CMP_GT",
                                        "SCMP_CMP_MASKED_EQ"};
  for (int round = 0; round < 20; ++round) {
    // Naming the newest call makes every call known to the profile.
    Json rules = {{{"names", {"file_setattr"}}, {"action", "SCMP_ACT_ALLOW"}}};
    for (int count = 0; count < 60; ++count) {
      Json rule = {{"action", random() % 2 != 0 ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO"}};
      if (rule["action"] == "SCMP_ACT_ERRNO") rule["errnoRet"] = random() % 100;
      for (std::uint64_t n = 0; n < 1 + random() % 6; ++n) {
        rule["names"].push_back(table[random() % table.size()].name);
      }
      const std::uint64_t first = random() % 6;
      for (std::uint64_t n = 0; n < random() % 4; ++n) {
        rule["args"].push_back({{"index", (first + n) % 6},
                                {"value", random() >> (random() % 64)},
                                {"valueTwo", random() % 3},
                                {"op", ops[random() % ops.size()]}});
      }
      rules.push_back(rule);
    }
    const Json profile = {{"defaultAction", "SCMP_ACT_ERRNO"}, {"syscalls", rules}};
    const auto program = compile_seccomp(profile);
    REQUIRE_MESSAGE(program.has_value(), program.error().message);
    for (const Syscall& call : table) {
      for (int tries = 0; tries < 8; ++tries) {
        std::array<std::uint64_t, 6> args = {};
        for (std::uint64_t& arg : args) arg = random() >> (random() % 64);
        CAPTURE(call.name);
        CHECK(judge(*program, call.number, args) == verdict_by_table(profile, call.name, args));
      }
    }
  }
}

TEST_CASE("two conditions on one argument are alternatives, as in runc and crun") {
  const SeccompProgram program = compile(R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
    {"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [
      {"index": 0, "value": 1, "op": "SCMP_CMP_EQ"},
      {"index": 0, "value": 2, "op": "SCMP_CMP_EQ"}]}]})");

  CHECK(judge(program, number_of("personality"), {1}) == kAllow);
  CHECK(judge(program, number_of("personality"), {2}) == kAllow);
  CHECK(judge(program, number_of("personality"), {3}) == (kErrno | EPERM));
}

TEST_CASE("profiles that cannot be obeyed are refused") {
  CHECK(refusal_of("{}") == "linux.seccomp: defaultAction: missing");
  CHECK(refusal_of(R"({"defaultAction":"SCMP_ACT_NOTIFY"})") ==
        "linux.seccomp: defaultAction: SCMP_ACT_NOTIFY is not supported");
  CHECK(refusal_of(R"({"defaultAction":"SCMP_ACT_MAYBE"})") ==
        "linux.seccomp: defaultAction: unknown action: SCMP_ACT_MAYBE");
  CHECK(refusal_of(R"({"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_PDP11"]})") ==
        "linux.seccomp: architectures: unknown architecture: SCMP_ARCH_PDP11");
  CHECK(refusal_of(R"({"defaultAction":"SCMP_ACT_ALLOW","defaultErrnoRet":1})") ==
        "linux.seccomp: defaultErrnoRet: SCMP_ACT_ALLOW takes no value");
  CHECK(refusal_of(R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":4096})") ==
        "linux.seccomp: defaultErrnoRet: out of range");
  CHECK(refusal_of(R"({"defaultAction":"SCMP_ACT_ALLOW","flags":["WAT"]})") ==
        "linux.seccomp: flags: unknown flag: WAT");
  CHECK(refusal_of(R"({"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/x"})") ==
        "linux.seccomp: listenerPath: listeners are not supported");
  CHECK(refusal_of(R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],
        "action":"SCMP_ACT_ERRNO","args":[{"index":6,"value":0,"op":"SCMP_CMP_EQ"}]}]})") != "");
}

}  // namespace
}  // namespace ikada
