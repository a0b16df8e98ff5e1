// When a request to a registry is worth another attempt, and how long to wait before it.
//
// Source: RFC 9110, section 10.2.3 (Retry-After).
#pragma once

#include <string_view>

#include "runtime/base/error.h"

namespace ikada {

// Attempts after the first.
inline constexpr int kMaxRetries = 4;

// 429 and the answers of servers that are busy or broken for a moment.
bool is_worth_retrying(int status);

// Milliseconds before attempt number `attempt` (0 is the first repetition): half a second, doubled
// each time, shortened at random by up to half, so that many clients do not come back together.
// `retry_after` is the header's value in seconds, or empty; at most 60 s are waited.
int retry_delay_ms(int attempt, std::string_view retry_after);

// A transfer that broke off goes on from where it was. It breaks off for good after so many breaks,
// or a few without a byte in between.
inline constexpr int kMaxBreaks = 30;
inline constexpr int kSilenceWeight = 2;  // Each silence has cost half a minute already.
bool is_break(const Error& error);

}  // namespace ikada
