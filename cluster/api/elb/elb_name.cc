#include "cluster/api/elb/elb_name.h"

#include <algorithm>

#include "cluster/model/ecs_error.h"

namespace ikada::elb {

Result<void> check_elb_name(const char* what, const std::string& name) {
  constexpr size_t kMaxName = 32;
  const bool is_name = !name.empty() && name.size() <= kMaxName && name.front() != '-' &&
                       name.back() != '-' && std::all_of(name.begin(), name.end(), [](char each) {
                         return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
                                (each >= '0' && each <= '9') || each == '-';
                       });
  if (is_name) return {};
  return ecs_error("ValidationError",
                   "The {} name '{}' must be 1 to {} letters, digits and hyphens, with no hyphen "
                   "at either end",
                   what,
                   name,
                   kMaxName);
}

}  // namespace ikada::elb
