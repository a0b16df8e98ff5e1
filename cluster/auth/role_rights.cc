#include "cluster/auth/role_rights.h"

#include <algorithm>

#include "cluster/auth/action_pattern.h"
#include "runtime/base/text.h"

namespace ikada {

bool may_session(const RoleActions& rights, const std::string& principal, std::string_view action) {
  constexpr size_t kParts = 3;
  const std::vector<std::string_view> parts = split(principal, '/');
  if (parts.size() != kParts) return false;
  const auto found = rights.find(std::string(parts[1]));
  return found != rights.end() &&
         std::any_of(found->second.begin(), found->second.end(), [&](const std::string& each) {
           return auth::matches_pattern(each, action, auth::LetterCase::kCountsNot);
         });
}

}  // namespace ikada
