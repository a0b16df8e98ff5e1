#include "runtime/security/seccomp_rules.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

namespace ikada {
namespace {

constexpr size_t kMaxRules = 4096;
constexpr std::uint32_t kMaxErrno = 4095;  // The kernel's MAX_ERRNO.

struct ActionName {
  std::string_view name;
  std::uint32_t action;
};

constexpr std::array kActions = {
    ActionName{"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},
    ActionName{"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
    ActionName{"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
    ActionName{"SCMP_ACT_TRAP", SECCOMP_RET_TRAP},
    ActionName{"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO},
    ActionName{"SCMP_ACT_TRACE", SECCOMP_RET_TRACE},
    ActionName{"SCMP_ACT_LOG", SECCOMP_RET_LOG},
    ActionName{"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW},
};

constexpr std::array<std::pair<std::string_view, SeccompOperator>, 7> kOperators = {{
    {"SCMP_CMP_NE", SeccompOperator::kNotEqual},
    {"SCMP_CMP_LT", SeccompOperator::kLess},
    {"SCMP_CMP_LE", SeccompOperator::kLessOrEqual},
    {"SCMP_CMP_EQ", SeccompOperator::kEqual},
    {"SCMP_CMP_GE", SeccompOperator::kGreaterOrEqual},
    {"SCMP_CMP_GT", SeccompOperator::kGreater},
    {"SCMP_CMP_MASKED_EQ", SeccompOperator::kMaskedEqual},
}};

// Architectures of the specification whose processes this kernel cannot run.
constexpr std::array<std::string_view, 15> kForeignArchitectures = {"SCMP_ARCH_ARM",
                                                                    "SCMP_ARCH_MIPS",
                                                                    "SCMP_ARCH_MIPS64",
                                                                    "SCMP_ARCH_MIPS64N32",
                                                                    "SCMP_ARCH_MIPSEL",
                                                                    "SCMP_ARCH_MIPSEL64",
                                                                    "SCMP_ARCH_MIPSEL64N32",
                                                                    "SCMP_ARCH_PPC",
                                                                    "SCMP_ARCH_PPC64",
                                                                    "SCMP_ARCH_PPC64LE",
                                                                    "SCMP_ARCH_S390",
                                                                    "SCMP_ARCH_S390X",
                                                                    "SCMP_ARCH_LOONGARCH64",
                                                                    "SCMP_ARCH_RISCV64",
                                                                    "SCMP_ARCH_PARISC"};

// `key` is where the action stands, for messages; `errno_key` where its value does.
std::uint32_t read_action(JsonReader& reader, std::string_view key, std::string_view errno_key) {
  std::string name;
  reader.require(key, name);
  std::optional<std::uint32_t> value;
  reader.read(errno_key, value);
  if (name == "SCMP_ACT_NOTIFY") {
    reader.fail(key, "SCMP_ACT_NOTIFY is not supported");
    return 0;
  }
  const auto* found = std::find_if(
      kActions.begin(), kActions.end(), [&](const ActionName& each) { return each.name == name; });
  if (found == kActions.end()) {
    reader.fail(key, "unknown action: " + name);
    return 0;
  }
  const bool takes_value = found->action == SECCOMP_RET_ERRNO || found->action == SECCOMP_RET_TRACE;
  if (!takes_value) {
    if (value) reader.fail(errno_key, name + " takes no value");
    return found->action;
  }
  const std::uint32_t max = found->action == SECCOMP_RET_ERRNO ? kMaxErrno : SECCOMP_RET_DATA;
  if (value.value_or(EPERM) > max) reader.fail(errno_key, "out of range");
  return found->action | (value.value_or(EPERM) & SECCOMP_RET_DATA);
}

SeccompCondition read_condition(JsonReader& reader) {
  SeccompCondition condition;
  std::uint32_t index = 0;
  reader.require("index", index);
  if (index > 5) reader.fail("index", "expected 0 to 5");
  condition.index = index;
  reader.require("value", condition.value);
  reader.read("valueTwo", condition.value_two);
  std::string op;
  reader.require("op", op);
  const auto* found = std::find_if(
      kOperators.begin(), kOperators.end(), [&](const auto& each) { return each.first == op; });
  if (found == kOperators.end()) {
    reader.fail("op", "unknown operator: " + op);
  } else {
    condition.op = found->second;
  }
  return condition;
}

// One rule of the config is several of ours where two conditions name the same argument: runc and
// crun then let each condition stand alone, and profiles are written for that.
void read_rule(JsonReader& reader, std::vector<SeccompRule>& rules) {
  SeccompRule rule;
  reader.require("names", rule.names);
  if (rule.names.empty()) reader.fail("names", "expected at least one name");
  rule.action = read_action(reader, "action", "errnoRet");
  bool repeated = false;
  for (JsonReader& arg : reader.objects("args")) {
    const SeccompCondition condition = read_condition(arg);
    for (const SeccompCondition& earlier : rule.conditions) {
      repeated = repeated || earlier.index == condition.index;
    }
    rule.conditions.push_back(condition);
  }
  if (!repeated) {
    rules.push_back(std::move(rule));
    return;
  }
  for (const SeccompCondition& condition : rule.conditions) {
    rules.push_back({rule.names, rule.action, {condition}});
  }
}

std::optional<SyscallAbi> covered_abi(std::string_view name) {
#if defined(__x86_64__)
  if (name == "SCMP_ARCH_X86_64") return SyscallAbi::kX8664;
  if (name == "SCMP_ARCH_X86") return SyscallAbi::kX86;
  if (name == "SCMP_ARCH_X32") return SyscallAbi::kX32;
#elif defined(__aarch64__)
  if (name == "SCMP_ARCH_AARCH64") return SyscallAbi::kAarch64;
#endif
  return std::nullopt;
}

void read_architectures(JsonReader& reader, std::vector<SyscallAbi>& abis) {
  // A filter without the native ABI would kill the container's first system call.
  abis.push_back(native_syscall_abi());
  std::vector<std::string> names;
  reader.read("architectures", names);
  for (const std::string& name : names) {
    if (const auto abi = covered_abi(name)) {
      if (std::find(abis.begin(), abis.end(), *abi) == abis.end()) abis.push_back(*abi);
      continue;
    }
    const bool foreign =
        name == "SCMP_ARCH_X86_64" || name == "SCMP_ARCH_X86" || name == "SCMP_ARCH_X32" ||
        name == "SCMP_ARCH_AARCH64" || name == "SCMP_ARCH_PARISC64" ||
        std::find(kForeignArchitectures.begin(), kForeignArchitectures.end(), name) !=
            kForeignArchitectures.end();
    if (!foreign) reader.fail("architectures", "unknown architecture: " + name);
  }
}

unsigned read_flags(JsonReader& reader) {
  std::vector<std::string> names;
  reader.read("flags", names);
  unsigned flags = 0;
  for (const std::string& name : names) {
    if (name == "SECCOMP_FILTER_FLAG_TSYNC") {
      flags |= SECCOMP_FILTER_FLAG_TSYNC;
    } else if (name == "SECCOMP_FILTER_FLAG_LOG") {
      flags |= SECCOMP_FILTER_FLAG_LOG;
    } else if (name == "SECCOMP_FILTER_FLAG_SPEC_ALLOW") {
      flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    } else if (name == "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV") {
      reader.fail("flags", name + " needs SCMP_ACT_NOTIFY, which is not supported");
    } else {
      reader.fail("flags", "unknown flag: " + name);
    }
  }
  return flags;
}

}  // namespace

SyscallAbi native_syscall_abi() {
#if defined(__x86_64__)
  return SyscallAbi::kX8664;
#elif defined(__aarch64__)
  return SyscallAbi::kAarch64;
#else
#error "ikada filters system calls on x86_64 and aarch64"
#endif
}

Result<SeccompRules> parse_seccomp_rules(const Json& seccomp) {
  JsonReader reader(seccomp, "linux.seccomp");
  SeccompRules result;
  result.default_action = read_action(reader, "defaultAction", "defaultErrnoRet");
  read_architectures(reader, result.abis);
  result.flags = read_flags(reader);
  if (reader.has("listenerPath")) reader.fail("listenerPath", "listeners are not supported");
  for (JsonReader& rule : reader.objects("syscalls")) {
    if (result.rules.size() >= kMaxRules) {
      reader.fail("syscalls", "too many rules");
      break;
    }
    read_rule(rule, result.rules);
  }
  IK_TRY(reader.done());
  return result;
}

}  // namespace ikada
