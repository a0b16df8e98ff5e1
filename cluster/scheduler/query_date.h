// Dates as cluster queries write them.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada::scheduler {

// Seconds since 1970 of "2018-06-18T22:28:28+00:00", "…Z", the same without a zone (UTC), or
// "2018-06-18" (its first second). kInvalid otherwise.
Result<std::int64_t> parse_query_date(std::string_view text);

}  // namespace ikada::scheduler
