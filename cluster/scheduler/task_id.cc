#include "cluster/scheduler/task_id.h"

#include <charconv>

namespace ikada::scheduler {
namespace {

constexpr size_t kHalfDigits = 16;

bool read_half(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<TaskId> TaskId::parse(std::string_view text) {
  TaskId id;
  if (text.size() != 2 * kHalfDigits || !read_half(text.substr(0, kHalfDigits), id.high) ||
      !read_half(text.substr(kHalfDigits), id.low)) {
    return make_error(ErrorKind::kInvalid, "task id: expected 32 hexadecimal digits");
  }
  return id;
}

std::string TaskId::text() const { return fmt::format("{:016x}{:016x}", high, low); }

}  // namespace ikada::scheduler
