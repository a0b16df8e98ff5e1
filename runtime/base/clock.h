// Wall-clock time as ikada stores and prints it.
//
// Source: RFC 3339; Docker prints nanoseconds in UTC.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

// Nanoseconds since 1970-01-01T00:00:00Z.
using UnixNanos = std::int64_t;

// CLOCK_REALTIME now.
UnixNanos unix_now();

// "2026-11-23T21:10:15.123456789Z".
std::string format_rfc3339(UnixNanos time);

// The same, read: a date, 'T', a time, perhaps a fraction (cut after nine digits), 'Z' or an
// offset. kInvalid otherwise, also before 1678 and after 2261.
Result<UnixNanos> parse_rfc3339(std::string_view text);

// How long ago, in docker's words: "5 seconds", "About a minute", "3 hours", "2 weeks".
std::string format_duration_words(std::int64_t seconds);

}  // namespace ikada
