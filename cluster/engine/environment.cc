#include "cluster/engine/environment.h"

#include <utility>

#include "runtime/base/text.h"

namespace ikada {

Environment::Environment(const std::vector<std::string>& assignments) {
  for (const std::string& each : assignments) set(each);
}

void Environment::set(std::string assignment) {
  const auto [place, is_new] =
      places_.try_emplace(std::string(cut(assignment, '=').before), assignments_.size());
  if (is_new) {
    assignments_.push_back(std::move(assignment));
  } else {
    assignments_[place->second] = std::move(assignment);
  }
}

bool Environment::has(std::string_view name) const { return places_.contains(std::string(name)); }

}  // namespace ikada
