// A task's id: 128 random bits, written as 32 hexadecimal digits.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada::scheduler {

struct TaskId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  auto operator<=>(const TaskId&) const = default;

  // kInvalid for anything but 32 digits; capital letters are taken, too.
  static Result<TaskId> parse(std::string_view text);

  std::string text() const;
};

}  // namespace ikada::scheduler
