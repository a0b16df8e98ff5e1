// A moment, as AWS's JSON has it: seconds since 1970 with a fraction, kept here as milliseconds.
#pragma once

#include <compare>
#include <cstdint>

namespace ikada {

struct Timestamp {
  std::int64_t milliseconds = 0;

  auto operator<=>(const Timestamp&) const = default;
};

}  // namespace ikada
