// process.rlimits of an OCI config.
//
// Source: getrlimit(2); OCI runtime-spec 1.0.2, config.md "POSIX process".
#pragma once

#include <sys/resource.h>

#include <string_view>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct ResourceLimit {
  int resource = 0;  // RLIMIT_NOFILE and so on.
  rlimit value = {};
};

// "RLIMIT_NOFILE" → RLIMIT_NOFILE. kInvalid for other names.
Result<int> parse_rlimit_name(std::string_view name);

// RLIMIT_NOFILE → "RLIMIT_NOFILE"; empty for other numbers.
std::string_view rlimit_name(int resource);

// The array process.rlimits; null is empty. kInvalid for unknown or repeated types and for a soft
// limit above the hard one.
Result<std::vector<ResourceLimit>> parse_rlimits(const Json& rlimits);

}  // namespace ikada
