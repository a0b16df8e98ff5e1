// Numbers that people and files write: one grammar each, the whole text or nothing.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

// Decimal digits only: no sign, space, base prefix or exponent. kInvalid otherwise or above `max`.
Result<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t max = UINT64_MAX);

// The same with an optional '-' in front. kInvalid outside [min, max].
Result<std::int64_t> parse_signed(std::string_view text,
                                  std::int64_t min = INT64_MIN,
                                  std::int64_t max = INT64_MAX);

// A size as docker takes it: a number, perhaps with a fraction, then one of b k m g t p, perhaps
// followed by b or ib, in either case; 1k is 1024. "64m", "1.5GiB", "512". kInvalid otherwise.
// Source: docker-run(1), --memory.
Result<std::uint64_t> parse_byte_size(std::string_view text);

// Binary units as docker stats prints them: "12.34MiB", "512B".
std::string format_binary_size(std::uint64_t bytes);

// Decimal units as docker images prints them: three significant digits, "187MB", "4.27MB", "512B".
std::string format_decimal_size(std::uint64_t bytes);

}  // namespace ikada
