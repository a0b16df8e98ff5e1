#include "cluster/registry/registry_keeper.h"

#include <doctest/doctest.h>

#include "cluster/registry/node_answers.h"

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

TEST_CASE("a node is let in as long as it is on record, and as what its record says") {
  ScopeState home;
  home.nodes["m"].value = {.id = "m", .role = "manager", .address = "192.0.2.1"};
  home.nodes["w"].value = {.id = "w", .address = "192.0.2.2"};
  home.nodes["p"].value = {.id = "p", .address = "192.0.2.3", .wanted_role = "manager"};
  const auto is_let_in = [&](const char* user, const NodeClaim& claim) {
    return check_node(home, user, claim).has_value();
  };

  CHECK(is_let_in("node/w", {}));
  CHECK(!is_let_in("node/gone", {}));
  CHECK(!is_let_in("node/", {}));

  CHECK(is_let_in("node/m", {.is_manager = true}));
  CHECK(is_let_in("node/p", {.is_manager = true}));  // It is about to be one.
  CHECK(!is_let_in("node/w", {.is_manager = true}));

  CHECK(is_let_in("node/w", {.address = "192.0.2.2"}));
  CHECK(!is_let_in("node/w", {.address = "192.0.2.1"}));
}

TEST_CASE("what managers ask of each other is for them alone, and sources are of who asks") {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const auto claim = [&](const std::string& path, const std::string& query) {
    return NodeAnswers::claim_of("/ikada/" + path + digest + query);
  };

  CHECK(claim("kept/", "").is_manager);
  CHECK(claim("images/", "?in=a").is_manager);
  CHECK(!claim("spoilt/", "").is_manager);
  CHECK(!NodeAnswers::claim_of("/ikada/names").is_manager);
  CHECK(claim("sources/", "?for=192.0.2.2").address == "192.0.2.2");
  CHECK(claim("sources/", "?for=fd00%3A%3A1&comes=1").address == "fd00::1");
}

}  // namespace
}  // namespace ikada
