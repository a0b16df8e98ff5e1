#include "runtime/security/seccomp_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "runtime/security/seccomp_conditions.h"

namespace ikada {
namespace {

using Program = std::vector<sock_filter>;

constexpr std::uint32_t kEnosys = SECCOMP_RET_ERRNO | ENOSYS;
constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr size_t kMaxShortJump = 255;

// What happens to one call: the rules that depend on arguments, in order, then a plain action.
struct Verdict {
  std::vector<const SeccompRule*> conditional;
  std::uint32_t action = 0;

  bool operator==(const Verdict&) const = default;
};

// Calls from `first` up to the next interval.
struct Interval {
  std::uint32_t first;
  Verdict verdict;
};

// For each name, the rules that mention it, in order.
using RulesByName = std::unordered_map<std::string_view, std::vector<const SeccompRule*>>;

RulesByName index_rules(const SeccompRules& rules) {
  RulesByName index;
  for (const SeccompRule& rule : rules.rules) {
    for (const std::string& name : rule.names) index[name].push_back(&rule);
  }
  return index;
}

Verdict verdict_of(const std::vector<const SeccompRule*>& rules, std::uint32_t default_action) {
  Verdict verdict{.conditional = {}, .action = default_action};
  for (const SeccompRule* rule : rules) {
    if (rule->conditions.empty()) return {.conditional = {}, .action = rule->action};
    verdict.conditional.push_back(rule);
  }
  return verdict;
}

// The number by age: x32 calls count as their x86_64 namesakes, whose special numbers are old.
std::uint32_t age_of(std::uint32_t number) {
  const std::uint32_t plain = number & ~kX32Bit;
  return plain >= 512 ? 0 : plain;
}

// The verdict on every call of `abi` that has a name.
std::map<std::uint32_t, Verdict> named_verdicts(SyscallAbi abi,
                                                const RulesByName& index,
                                                std::uint32_t default_action) {
  const std::vector<Syscall> table = syscall_table(abi);
  // Unified numbers began with a clean line: what is older than they are is known to every profile.
  std::uint32_t newest = kFirstUnifiedSyscall - 1;
  for (const Syscall& call : table) {
    if (index.contains(call.name)) newest = std::max(newest, age_of(call.number));
  }
  const bool default_is_errno = (default_action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
  std::map<std::uint32_t, Verdict> verdicts;
  for (const Syscall& call : table) {
    if (const auto found = index.find(call.name); found != index.end()) {
      verdicts[call.number] = verdict_of(found->second, default_action);
      continue;
    }
    const bool too_new = default_is_errno && age_of(call.number) > newest;
    verdicts[call.number] = {.conditional = {}, .action = too_new ? kEnosys : default_action};
  }
  return verdicts;
}

void append(std::vector<Interval>& intervals, std::uint32_t first, const Verdict& verdict) {
  if (!intervals.empty() && intervals.back().verdict == verdict) return;
  intervals.push_back({first, verdict});
}

// The whole range of numbers of one architecture as the kernel's audit code names it.
std::vector<Interval> intervals_of(std::span<const SyscallAbi> abis,
                                   const RulesByName& index,
                                   std::uint32_t default_action) {
  const bool default_is_errno = (default_action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
  const Verdict nameless{.conditional = {}, .action = default_is_errno ? kEnosys : default_action};
  std::map<std::uint32_t, Verdict> verdicts;
  for (const SyscallAbi abi : abis) verdicts.merge(named_verdicts(abi, index, default_action));

  std::vector<Interval> intervals;
  append(intervals, 0, nameless);
  for (auto each = verdicts.begin(); each != verdicts.end(); ++each) {
    if (each->first == 0) intervals.clear();
    append(intervals, each->first, each->second);
    const auto next = std::next(each);
    if (next == verdicts.end() || next->first != each->first + 1) {
      append(intervals, each->first + 1, nameless);
    }
  }
  const bool x86_64 = abis[0] == SyscallAbi::kX8664;
  const bool x32 = std::find(abis.begin(), abis.end(), SyscallAbi::kX32) != abis.end();
  if (x86_64 && !x32) {
    // An ABI that the profile does not name must not slip through as "unknown numbers".
    append(intervals, kX32Bit, {.conditional = {}, .action = SECCOMP_RET_KILL_PROCESS});
    append(intervals, UINT32_MAX, nameless);  // A tracer's "skip this call".
  }
  return intervals;
}

void emit_leaf(const Verdict& verdict, Program& out) {
  for (const SeccompRule* rule : verdict.conditional) emit_conditional_return(*rule, out);
  out.push_back(BPF_STMT(BPF_RET | BPF_K, verdict.action));
}

// Jumps over `skipped` instructions when `jump` does not hold: short if it fits.
void emit_unless(std::uint16_t jump, std::uint32_t value, const Program& skipped, Program& out) {
  if (skipped.size() <= kMaxShortJump) {
    out.push_back(BPF_JUMP(jump, value, 0, static_cast<std::uint8_t>(skipped.size())));
  } else {
    out.push_back(BPF_JUMP(jump, value, 1, 0));
    out.push_back(BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(skipped.size())));
  }
  out.insert(out.end(), skipped.begin(), skipped.end());
}

// Expects the number in the accumulator.
void emit_tree(std::span<const Interval> intervals, Program& out) {
  if (intervals.size() == 1) return emit_leaf(intervals[0].verdict, out);
  const size_t middle = intervals.size() / 2;
  Program upper;
  emit_tree(intervals.subspan(middle), upper);
  emit_unless(BPF_JMP | BPF_JGE | BPF_K, intervals[middle].first, upper, out);
  emit_tree(intervals.first(middle), out);
}

// The part of the filter for one architecture; skipped when the call comes from another.
void emit_architecture(std::uint32_t audit_arch,
                       std::span<const Interval> intervals,
                       Program& out) {
  Program body;
  body.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  emit_tree(intervals, body);
  emit_unless(BPF_JMP | BPF_JEQ | BPF_K, audit_arch, body, out);
}

// A name is unknown if it is in no table at all: a name of another architecture is fine.
void collect_unknown(const RulesByName& index, std::vector<std::string>& unknown_names) {
  std::set<std::string_view> known;
  for (const SyscallAbi abi : {SyscallAbi::kX8664, SyscallAbi::kX86, SyscallAbi::kAarch64}) {
    for (const Syscall& call : syscall_table(abi)) known.insert(call.name);
  }
  for (const auto& [name, rules] : index) {
    if (!known.contains(name)) unknown_names.emplace_back(name);
  }
  std::sort(unknown_names.begin(), unknown_names.end());
}

}  // namespace

Result<std::vector<sock_filter>> build_seccomp_filter(const SeccompRules& rules,
                                                      std::vector<std::string>& unknown_names) {
  const RulesByName index = index_rules(rules);
  collect_unknown(index, unknown_names);

  Program program;
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
  std::vector<SyscallAbi> native;
  bool x86 = false;
  for (const SyscallAbi abi : rules.abis) {
    if (abi == SyscallAbi::kX86) {
      x86 = true;
    } else {
      native.push_back(abi);
    }
  }
  const bool aarch64 = native[0] == SyscallAbi::kAarch64;
  emit_architecture(aarch64 ? AUDIT_ARCH_AARCH64 : AUDIT_ARCH_X86_64,
                    intervals_of(native, index, rules.default_action),
                    program);
  if (x86) {
    const SyscallAbi abi = SyscallAbi::kX86;
    emit_architecture(
        AUDIT_ARCH_I386, intervals_of({&abi, 1}, index, rules.default_action), program);
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  if (program.size() > BPF_MAXINSNS) {
    return make_error(
        ErrorKind::kInvalid,
        "linux.seccomp: the filter would have {} instructions, at most {} are allowed",
        program.size(),
        BPF_MAXINSNS);
  }
  return program;
}

}  // namespace ikada
