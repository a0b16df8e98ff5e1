// Who may do what: pure decisions on the rules of the configuration file.
//
// Rules only add: somebody may do what at least one rule allows. Without rules every user may do
// everything. Without users (no password file) the registry is open to whoever reaches it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ikada::registry {

enum class Action { kPull, kPush, kDelete };

// "pull", "push", "delete".
std::string_view name_of(Action action);
std::optional<Action> find_action(std::string_view name);

// Stands for callers without a name in `users`; "*" is everybody with one.
inline constexpr std::string_view kAnonymous = "anonymous";

struct AccessRule {
  std::vector<std::string> users;         // Names, "*", "anonymous".
  std::vector<std::string> repositories;  // Patterns (glob.h).
  std::vector<Action> actions;
};

struct AccessPolicy {
  bool has_users = false;  // A password file is configured.
  bool anonymous_pull = false;
  std::vector<AccessRule> rules;
};

// What a token was given for: `actions` on the repository `name`.
struct Grant {
  std::string repository;
  std::vector<Action> actions;

  bool operator==(const Grant&) const = default;
};

// Who calls. An empty user is nobody in particular.
struct Caller {
  std::string user;
  bool has_token = false;
  std::vector<Grant> grants;  // Of the token; a token allows nothing else.
};

bool is_allowed(const AccessPolicy& policy,
                std::string_view user,
                std::string_view repository,
                Action action);

// The same for a caller: its token, if it came with one, must allow it, too.
bool is_allowed(const AccessPolicy& policy,
                const Caller& caller,
                std::string_view repository,
                Action action);

// "repository:team/web:pull,push" as a token's request has it, one or several parted by spaces.
// What is not understood is left out, as the specification wants it.
std::vector<Grant> parse_scope(std::string_view scope);

// Of what is asked for, what `user` may have; grants without any action are left out.
std::vector<Grant> allowed_grants(const AccessPolicy& policy,
                                  std::string_view user,
                                  const std::vector<Grant>& wanted);

}  // namespace ikada::registry
