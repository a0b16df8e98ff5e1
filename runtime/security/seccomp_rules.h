// linux.seccomp of an OCI config, checked and with names still as names.
//
// Source: OCI runtime-spec 1.0.2, config-linux.md "Seccomp".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"
#include "runtime/security/syscall_table.h"

namespace ikada {

enum class SeccompOperator {
  kNotEqual,
  kLess,
  kLessOrEqual,
  kEqual,
  kGreaterOrEqual,
  kGreater,
  kMaskedEqual,  // (argument & value) == value_two
};

struct SeccompCondition {
  unsigned index = 0;  // Which argument, 0 … 5.
  SeccompOperator op = SeccompOperator::kEqual;
  std::uint64_t value = 0;
  std::uint64_t value_two = 0;
};

struct SeccompRule {
  std::vector<std::string> names;
  std::uint32_t action = 0;                  // SECCOMP_RET_* with its data.
  std::vector<SeccompCondition> conditions;  // All must hold.
};

struct SeccompRules {
  std::uint32_t default_action = 0;
  std::vector<SyscallAbi> abis;  // The native one first.
  std::vector<SeccompRule> rules;
  unsigned flags = 0;  // SECCOMP_FILTER_FLAG_*
};

// kInvalid for anything this build would otherwise have to ignore.
Result<SeccompRules> parse_seccomp_rules(const Json& seccomp);

// The ABI this program was compiled for.
SyscallAbi native_syscall_abi();

}  // namespace ikada
