// Settings of a repository as requests have them.
#pragma once

#include <string>

#include "cluster/model/json_fields.h"

namespace ikada::ecr {

struct ScanningInput {
  bool on_push = false;
};
void describe(JsonFields& fields, ScanningInput& input);

// Whether tags are immutable. InvalidParameterException for what is neither MUTABLE nor IMMUTABLE.
Result<bool> read_mutability(const std::string& text);

}  // namespace ikada::ecr
