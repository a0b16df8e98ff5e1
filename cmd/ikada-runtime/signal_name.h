// Names of signals as people and engines write them.
#pragma once

#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

// "KILL", "SIGKILL", "kill" or "9". kInvalid otherwise.
Result<int> parse_signal_name(std::string_view text);

}  // namespace ikada
