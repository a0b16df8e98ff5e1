#include "image/registry/access.h"

#include <algorithm>

#include "image/reference.h"
#include "image/registry/glob.h"
#include "runtime/base/text.h"

namespace ikada::registry {
namespace {

constexpr size_t kMaxGrants = 64;

bool names_user(const AccessRule& rule, std::string_view user) {
  return std::ranges::any_of(rule.users, [&](const std::string& name) {
    if (user.empty()) return name == kAnonymous;
    return name == "*" || (name == user && name != kAnonymous);
  });
}

bool has_action(const std::vector<Action>& actions, Action action) {
  return std::ranges::find(actions, action) != actions.end();
}

std::vector<Action> parse_actions(std::string_view text) {
  std::vector<Action> actions;
  for (const std::string_view name : split(text, ',')) {
    if (name == "*") return {Action::kPull, Action::kPush, Action::kDelete};
    const std::optional<Action> action = find_action(name);
    if (action.has_value() && !has_action(actions, *action)) actions.push_back(*action);
  }
  return actions;
}

}  // namespace

std::string_view name_of(Action action) {
  switch (action) {
    case Action::kPull:
      return "pull";
    case Action::kPush:
      return "push";
    case Action::kDelete:
      return "delete";
  }
  return "";
}

std::optional<Action> find_action(std::string_view name) {
  for (const Action action : {Action::kPull, Action::kPush, Action::kDelete}) {
    if (name_of(action) == name) return action;
  }
  return std::nullopt;
}

bool is_allowed(const AccessPolicy& policy,
                std::string_view user,
                std::string_view repository,
                Action action) {
  if (!policy.has_users) return true;
  if (user.empty() && policy.anonymous_pull && action == Action::kPull) return true;
  if (policy.rules.empty()) return !user.empty();
  return std::ranges::any_of(policy.rules, [&](const AccessRule& rule) {
    return has_action(rule.actions, action) && names_user(rule, user) &&
           matches_any_glob(rule.repositories, repository);
  });
}

bool is_allowed(const AccessPolicy& policy,
                const Caller& caller,
                std::string_view repository,
                Action action) {
  if (!is_allowed(policy, caller.user, repository, action)) return false;
  if (!caller.has_token) return true;
  return std::ranges::any_of(caller.grants, [&](const Grant& grant) {
    return grant.repository == repository && has_action(grant.actions, action);
  });
}

std::vector<Grant> parse_scope(std::string_view scope) {
  constexpr std::string_view kType = "repository:";
  std::vector<Grant> grants;
  for (const std::string_view one : split(scope, ' ')) {
    if (!one.starts_with(kType) || grants.size() >= kMaxGrants) continue;
    const size_t colon = one.rfind(':');
    if (colon < kType.size()) continue;
    const std::string_view name = one.substr(kType.size(), colon - kType.size());
    std::vector<Action> actions = parse_actions(one.substr(colon + 1));
    if (actions.empty() || !is_repository_name(name)) continue;
    grants.push_back({.repository = std::string(name), .actions = std::move(actions)});
  }
  return grants;
}

std::vector<Grant> allowed_grants(const AccessPolicy& policy,
                                  std::string_view user,
                                  const std::vector<Grant>& wanted) {
  std::vector<Grant> granted;
  for (const Grant& grant : wanted) {
    Grant kept{.repository = grant.repository, .actions = {}};
    for (const Action action : grant.actions) {
      if (is_allowed(policy, user, grant.repository, action)) kept.actions.push_back(action);
    }
    if (!kept.actions.empty()) granted.push_back(std::move(kept));
  }
  return granted;
}

}  // namespace ikada::registry
