#include "cluster/registry/registry_keeper.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

using registry::Action;

constexpr const char* kRole = "arn:aws:sts::1:assumed-role/builder/t1";

bool may(const std::string& principal,
         Action action,
         const ApiOptions& options,
         const std::optional<std::string>& policy = {}) {
  return may_use_repository(principal, policy, options, action);
}

TEST_CASE("the account's key may everything, a node may pull") {
  const ApiOptions options{.account = "1"};
  for (const Action action : {Action::kPull, Action::kPush, Action::kDelete}) {
    CHECK(may("arn:aws:iam::1:root", action, options));
    CHECK(!may("arn:aws:iam::2:root", action, options));
    CHECK(!may("", action, options));
    CHECK(may("node/n1", action, options) == (action == Action::kPull));
  }
}

TEST_CASE("a role may what its entry or the repository's policy says") {
  ApiOptions options{.account = "1"};
  CHECK(!may(kRole, Action::kPull, options));
  options.role_actions["builder"] = {"ecr:BatchGetImage", "ecr:GetDownload*"};
  CHECK(may(kRole, Action::kPull, options));
  CHECK(!may(kRole, Action::kPush, options));
  const std::string all = R"({"Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:*"}]})";
  const std::string none = R"({"Statement":[{"Effect":"Deny","Principal":"*","Action":"ecr:*"}]})";
  CHECK(may(kRole, Action::kPush, options, all));
  CHECK(!may(kRole, Action::kPull, options, none));
  // Nobody locks the account out.
  CHECK(may("arn:aws:iam::1:root", Action::kPush, options, none));
}

}  // namespace
}  // namespace ikada
