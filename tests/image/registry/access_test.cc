#include "image/registry/access.h"

#include <string>

#include <doctest/doctest.h>

#include "image/registry/glob.h"

namespace ikada::registry {
namespace {

TEST_CASE("patterns match within a part, or across parts with two stars") {
  CHECK(matches_glob("*", "web"));
  CHECK_FALSE(matches_glob("*", "team/web"));
  CHECK(matches_glob("**", "team/web"));
  CHECK(matches_glob("team/*", "team/web"));
  CHECK_FALSE(matches_glob("team/*", "team/web/x"));
  CHECK(matches_glob("team/**", "team/web/x"));
  CHECK_FALSE(matches_glob("team/**", "team"));
  CHECK_FALSE(matches_glob("team/**", "teams/web"));
  CHECK(matches_glob("v?.*", "v1.2"));
  CHECK(matches_glob("", ""));
  CHECK_FALSE(matches_glob("", "a"));
  CHECK(matches_glob("a*b*c", "a-b-b-c"));
  // No pattern takes exponential time.
  CHECK_FALSE(matches_glob(std::string(200, '*') + "b", std::string(250, 'a')));
}

TEST_CASE("without users everybody may do everything") {
  const AccessPolicy policy;

  CHECK(is_allowed(policy, "", "a", Action::kDelete));
}

TEST_CASE("without rules every user may do everything, and nobody else anything") {
  const AccessPolicy policy{.has_users = true, .anonymous_pull = false, .rules = {}};

  CHECK(is_allowed(policy, "ada", "a", Action::kDelete));
  CHECK_FALSE(is_allowed(policy, "", "a", Action::kPull));
  const AccessPolicy open{.has_users = true, .anonymous_pull = true, .rules = {}};
  CHECK(is_allowed(open, "", "a", Action::kPull));
  CHECK_FALSE(is_allowed(open, "", "a", Action::kPush));
}

AccessPolicy team_policy() {
  return {
      .has_users = true,
      .anonymous_pull = false,
      .rules = {{.users = {"ada"},
                 .repositories = {"team/**"},
                 .actions = {Action::kPull, Action::kPush}},
                {.users = {"*"}, .repositories = {"public/*"}, .actions = {Action::kPull}},
                {.users = {"anonymous"}, .repositories = {"free"}, .actions = {Action::kPull}}}};
}

TEST_CASE("rules add what they allow and nothing else") {
  const AccessPolicy policy = team_policy();

  CHECK(is_allowed(policy, "ada", "team/web", Action::kPush));
  CHECK_FALSE(is_allowed(policy, "ada", "team/web", Action::kDelete));
  CHECK_FALSE(is_allowed(policy, "bob", "team/web", Action::kPull));
  CHECK(is_allowed(policy, "bob", "public/x", Action::kPull));
  CHECK_FALSE(is_allowed(policy, "", "public/x", Action::kPull));
  CHECK(is_allowed(policy, "", "free", Action::kPull));
  CHECK_FALSE(is_allowed(policy, "bob", "free", Action::kPull));
}

TEST_CASE("a token allows what it says and only as long as the rules do") {
  const AccessPolicy policy = team_policy();
  const Caller caller{.user = "ada",
                      .has_token = true,
                      .grants = {{.repository = "team/web", .actions = {Action::kPull}},
                                 {.repository = "other", .actions = {Action::kPull}}}};

  CHECK(is_allowed(policy, caller, "team/web", Action::kPull));
  CHECK_FALSE(is_allowed(policy, caller, "team/web", Action::kPush));
  CHECK_FALSE(is_allowed(policy, caller, "team/api", Action::kPull));
  CHECK_FALSE(is_allowed(policy, caller, "other", Action::kPull));
}

TEST_CASE("a scope is read, and what is not understood left out") {
  const std::vector<Grant> grants = parse_scope(
      "repository:team/web:pull,push repository:x:* registry:catalog:* "
      "repository:BAD:pull repository:y:dance repository: a:b repository:../z:pull");

  REQUIRE(grants.size() == 2);
  CHECK(grants[0] == Grant{"team/web", {Action::kPull, Action::kPush}});
  CHECK(grants[1] == Grant{"x", {Action::kPull, Action::kPush, Action::kDelete}});
}

TEST_CASE("a token is given for the part of the scope that is allowed") {
  const std::vector<Grant> wanted =
      parse_scope("repository:team/web:pull,push,delete repository:secret:pull");

  const std::vector<Grant> granted = allowed_grants(team_policy(), "ada", wanted);

  REQUIRE(granted.size() == 1);
  CHECK(granted[0] == Grant{"team/web", {Action::kPull, Action::kPush}});
}

}  // namespace
}  // namespace ikada::registry
