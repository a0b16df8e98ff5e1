#include "cluster/agent/task_error.h"

#include <algorithm>
#include <array>

namespace ikada {

std::string task_error_text(const Error& error, const char* code) {
  constexpr std::array<std::string_view, 5> kNames = {
      kCannotPull, kCannotCreate, kCannotStart, kCannotInspect, kResources};
  const bool is_named = std::find(kNames.begin(), kNames.end(), error.code) != kNames.end();
  return fmt::format("{}: {}", is_named ? error.code : code, error.message);
}

}  // namespace ikada
