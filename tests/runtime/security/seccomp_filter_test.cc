// Our compiler against libseccomp's: the same rules must give the same verdicts.
#include <linux/audit.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <seccomp.h>

#include "runtime/base/unique_fd.h"
#include "runtime/security/default_profile.h"
#include "runtime/security/seccomp.h"
#include "runtime/security/seccomp_rules.h"
#include "runtime/security/syscall_table.h"
#include "tests/runtime/security/bpf_interpreter.h"

namespace ikada {
namespace {

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

scmp_compare operator_of(SeccompOperator op) {
  switch (op) {
    case SeccompOperator::kNotEqual:
      return SCMP_CMP_NE;
    case SeccompOperator::kLess:
      return SCMP_CMP_LT;
    case SeccompOperator::kLessOrEqual:
      return SCMP_CMP_LE;
    case SeccompOperator::kEqual:
      return SCMP_CMP_EQ;
    case SeccompOperator::kGreaterOrEqual:
      return SCMP_CMP_GE;
    case SeccompOperator::kGreater:
      return SCMP_CMP_GT;
    case SeccompOperator::kMaskedEqual:
      return SCMP_CMP_MASKED_EQ;
  }
  return SCMP_CMP_EQ;
}

std::vector<sock_filter> compile_with_libseccomp(const Json& profile) {
  const SeccompRules rules = parse_seccomp_rules(profile).value();
  const Filter filter(seccomp_init(rules.default_action), &seccomp_release);
  for (const SeccompRule& rule : rules.rules) {
    // It refuses rules that change nothing.
    if (rule.action == rules.default_action) continue;
    for (const std::string& name : rule.names) {
      const int number = seccomp_syscall_resolve_name(name.c_str());
      if (number < 0) continue;
      std::vector<scmp_arg_cmp> args;
      for (const SeccompCondition& condition : rule.conditions) {
        args.push_back(
            {condition.index, operator_of(condition.op), condition.value, condition.value_two});
      }
      REQUIRE(
          seccomp_rule_add_array(
              filter.get(), rule.action, number, static_cast<unsigned>(args.size()), args.data()) ==
          0);
    }
  }
  const UniqueFd memory(::memfd_create("filter", MFD_CLOEXEC));
  REQUIRE(seccomp_export_bpf(filter.get(), memory.get()) == 0);
  const off_t bytes = ::lseek(memory.get(), 0, SEEK_END);
  std::vector<sock_filter> program(static_cast<size_t>(bytes) / sizeof(sock_filter));
  REQUIRE(::pread(memory.get(), program.data(), static_cast<size_t>(bytes), 0) == bytes);
  return program;
}

void check_same(const Json& profile, std::uint64_t seed) {
  const SeccompProgram ours = compile_seccomp(profile).value();
  const std::vector<sock_filter> theirs = compile_with_libseccomp(profile);
  std::mt19937_64 random(seed);
  for (const Syscall& call : syscall_table(SyscallAbi::kX8664)) {
    if (seccomp_syscall_resolve_name(std::string(call.name).c_str()) < 0) continue;
    for (int tries = 0; tries < 30; ++tries) {
      seccomp_data data = {};
      data.nr = static_cast<int>(call.number);
      data.arch = AUDIT_ARCH_X86_64;
      for (auto& arg : data.args) arg = random() >> (random() % 64);
      const FilterRun mine = run_filter(ours.instructions, data);
      const FilterRun other = run_filter(theirs, data);
      CAPTURE(call.name);
      CAPTURE(data.args[0]);
      REQUIRE(mine.valid);
      REQUIRE(other.valid);
      CHECK(mine.action == other.action);
    }
  }
}

TEST_CASE("the default profile means to libseccomp what it means to us") {
  const std::vector<std::string> capabilities(default_capabilities().begin(),
                                              default_capabilities().end());
  check_same(default_seccomp_profile(capabilities), 1);
  check_same(default_seccomp_profile({}), 2);
  const std::vector<std::string> all(all_capabilities().begin(), all_capabilities().end());
  check_same(default_seccomp_profile(all), 3);
}

TEST_CASE("random rules mean to libseccomp what they mean to us") {
  const std::array<const char*, 7> ops = {"SCMP_CMP_NE",
                                          "SCMP_CMP_LT",
                                          "SCMP_CMP_LE",
                                          "SCMP_CMP_EQ",
                                          "SCMP_CMP_GE",
                                          "SCMP_CMP_GT",
                                          "SCMP_CMP_MASKED_EQ"};
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    std::mt19937_64 random(seed);
    // One rule for each call, since libseccomp orders overlapping ones in a way of its own.
    Json rules = {{{"names", {"file_setattr"}}, {"action", "SCMP_ACT_ALLOW"}}};
    for (const Syscall& call : syscall_table(SyscallAbi::kX8664)) {
      if (random() % 3 != 0 || call.name == "file_setattr") continue;
      Json rule = {{"names", {call.name}}, {"action", "SCMP_ACT_ALLOW"}};
      const std::uint64_t count = random() % 4;
      const std::uint64_t first = random() % 6;
      for (std::uint64_t n = 0; n < count; ++n) {
        const std::uint64_t value = random() >> (random() % 64);
        rule["args"].push_back({{"index", (first + n) % 6},
                                {"value", value},
                                {"valueTwo", random() & value & random()},
                                {"op", ops[random() % ops.size()]}});
      }
      rules.push_back(rule);
    }
    check_same({{"defaultAction", "SCMP_ACT_ERRNO"}, {"syscalls", rules}}, seed);
  }
}

}  // namespace
}  // namespace ikada
