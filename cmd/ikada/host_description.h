// This host and what ikada has on it, for `ikada info`.
//
// Source: docker-info(1) for the names; uname(2), sysinfo(2), os-release(5), cgroups(7).
#pragma once

#include <string>
#include <string_view>

#include "cmd/ikada/context.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

Result<Json> describe_host(const Context& context);

// PRETTY_NAME of an os-release file's text; "Linux" if it has none.
std::string operating_system_name(std::string_view os_release);

}  // namespace ikada
