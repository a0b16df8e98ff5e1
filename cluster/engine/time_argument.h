// Points in time as people give them to --since and --until.
//
// Source: docker-logs(1).
#pragma once

#include <string_view>

#include "runtime/base/clock.h"
#include "runtime/base/result.h"

namespace ikada {

// "42m" or "1h30m" before `now`; "2026-11-23T21:10:15.5Z", "…+01:00", or without a zone local time,
// also "2026-11-23T21:10" and "2026-11-23"; "1795468215.123456789" seconds since 1970. kInvalid
// otherwise.
Result<UnixNanos> parse_time_argument(std::string_view text, UnixNanos now);

}  // namespace ikada
