#include "cluster/daemon/role_rights.h"

#include <algorithm>
#include <ctype.h>

#include "runtime/base/text.h"

namespace ikada {
namespace {

bool is_same_letter(char a, char b) {
  return ::tolower(static_cast<unsigned char>(a)) == ::tolower(static_cast<unsigned char>(b));
}

}  // namespace

// The last '*' is the only one to come back to: an earlier one would find nothing that it does not.
bool matches_action(std::string_view pattern, std::string_view action) {
  size_t in_pattern = 0;
  size_t in_action = 0;
  size_t star = std::string_view::npos;
  size_t behind_star = 0;
  while (in_action < action.size()) {
    const bool is_more = in_pattern < pattern.size();
    if (is_more && pattern[in_pattern] == '*') {
      star = in_pattern++;
      behind_star = in_action;
    } else if (is_more && (pattern[in_pattern] == '?' ||
                           is_same_letter(pattern[in_pattern], action[in_action]))) {
      ++in_pattern;
      ++in_action;
    } else if (star != std::string_view::npos) {
      in_pattern = star + 1;
      in_action = ++behind_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in_pattern) == std::string_view::npos;
}

bool may_session(const RoleActions& rights, const std::string& principal, std::string_view action) {
  constexpr size_t kParts = 3;
  const std::vector<std::string_view> parts = split(principal, '/');
  if (parts.size() != kParts) return false;
  const auto found = rights.find(std::string(parts[1]));
  return found != rights.end() &&
         std::any_of(found->second.begin(), found->second.end(), [&](const std::string& each) {
           return matches_action(each, action);
         });
}

}  // namespace ikada
