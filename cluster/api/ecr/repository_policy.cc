#include "cluster/api/ecr/repository_policy.h"

#include <algorithm>
#include <vector>

#include "cluster/api/ecr/ecr_actions.h"
#include "cluster/api/ecr/ecr_lookup.h"
#include "cluster/auth/action_pattern.h"
#include "runtime/base/text.h"

namespace ikada::ecr {
namespace {

constexpr size_t kMostBytes = 10'240;

struct Statement {
  bool allows = false;
  std::vector<std::string> principals;
  std::vector<std::string> actions;
};

Error bad_policy(std::string_view why) {
  return invalid_parameter(
      "Invalid parameter at 'PolicyText' failed to satisfy constraint: "
      "'Invalid repository policy provided: {}'",
      why);
}

// A text, or several.
Result<std::vector<std::string>> read_texts(const Json& json, std::string_view name) {
  std::vector<std::string> texts;
  if (json.is_string()) return std::vector<std::string>{json.get<std::string>()};
  const bool are_texts =
      json.is_array() &&
      std::all_of(json.begin(), json.end(), [](const Json& each) { return each.is_string(); });
  if (!are_texts) return bad_policy(fmt::format("{} must be a text or a list of them", name));
  for (const Json& each : json) texts.push_back(each.get<std::string>());
  return texts;
}

Result<Statement> read_statement(const Json& json) {
  if (!json.is_object()) return bad_policy("a statement is no object");
  for (const auto& [name, value] : json.items()) {
    const bool is_known =
        name == "Sid" || name == "Effect" || name == "Principal" || name == "Action";
    if (!is_known) return bad_policy(fmt::format("{} is not supported", name));
  }
  Statement statement;
  const Json effect = json.value("Effect", Json());
  if (effect != "Allow" && effect != "Deny") return bad_policy("Effect must be Allow or Deny");
  statement.allows = effect == "Allow";
  IK_LET(actions, read_texts(json.value("Action", Json()), "Action"));
  statement.actions = std::move(actions);
  Json principal = json.value("Principal", Json());
  if (principal.is_object()) principal = principal.value("AWS", Json());
  IK_LET(principals, read_texts(principal, "Principal"));
  statement.principals = std::move(principals);
  return statement;
}

Result<std::vector<Statement>> read_statements(const std::string& text) {
  if (text.size() > kMostBytes) return bad_policy("it is too long");
  const Result<Json> json = parse_json(text);
  if (!json.has_value() || !json->is_object()) return bad_policy("it is no JSON object");
  Json listed = json->value("Statement", Json());
  if (listed.is_object()) listed = Json::array({listed});
  if (!listed.is_array() || listed.empty()) return bad_policy("it has no Statement");
  std::vector<Statement> statements;
  for (const Json& each : listed) {
    IK_LET(statement, read_statement(each));
    statements.push_back(std::move(statement));
  }
  return statements;
}

// "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION" is the role's, and the account's.
bool is_meant(const std::string& named, std::string_view principal) {
  if (named == "*" || named == principal) return true;
  const Result<Arn> caller = parse_arn(principal);
  if (!caller.has_value()) return false;
  const std::string& account = caller->scope.account;
  if (named == account || named == fmt::format("arn:aws:iam::{}:root", account)) return true;
  const std::vector<std::string_view> parts = split(caller->resource, '/');
  const bool is_role = parts.size() == 3 && parts[0] == "assumed-role";
  return is_role && named == fmt::format("arn:aws:iam::{}:role/{}", account, parts[1]);
}

struct PolicyInput {
  RepositoryInput repository;
  std::string text;
};

void describe(JsonFields& fields, PolicyInput& input) {
  describe(fields, input.repository);
  fields.field("policyText", input.text);
}

Json show_policy(const ApiCall& call, const std::string& repository, const std::string& text) {
  return {
      {"registryId", call.options.account}, {"repositoryName", repository}, {"policyText", text}};
}

Error no_policy(const ApiCall& call, const std::string& repository) {
  return ecs_error("RepositoryPolicyNotFoundException",
                   "Repository policy does not exist for the repository with name '{}' in the "
                   "registry with id '{}'",
                   repository,
                   call.options.account);
}

}  // namespace

Result<void> check_repository_policy(const std::string& text) {
  return read_statements(text).map([](const auto&) {});
}

PolicyWord read_repository_policy(const std::string& text,
                                  std::string_view principal,
                                  std::string_view action) {
  const Result<std::vector<Statement>> statements = read_statements(text);
  if (!statements.has_value()) return PolicyWord::kNothing;
  PolicyWord word = PolicyWord::kNothing;
  for (const Statement& each : *statements) {
    const bool is_about =
        std::any_of(each.actions.begin(), each.actions.end(), [&](const std::string& pattern) {
          return auth::matches_pattern(pattern, action, auth::LetterCase::kCountsNot);
        });
    const bool is_for =
        std::any_of(each.principals.begin(), each.principals.end(), [&](const std::string& named) {
          return is_meant(named, principal);
        });
    if (!is_about || !is_for) continue;
    if (!each.allows) return PolicyWord::kDenies;
    word = PolicyWord::kAllows;
  }
  return word;
}

Result<Outcome> set_repository_policy(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<PolicyInput>(call));
  IK_LET(found, find_repository(call, state, input.repository));
  IK_TRY(check_repository_policy(input.text));
  ImageRepository changed = found->record.value;
  changed.policy = input.text;
  const Json shown = show_policy(call, changed.name, input.text);
  return change_repository(call, *found, changed, shown);
}

Result<Outcome> get_repository_policy(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<PolicyInput>(call));
  IK_LET(found, find_repository(call, state, input.repository));
  const ImageRepository& repository = found->record.value;
  if (!repository.policy.has_value()) return no_policy(call, repository.name);
  return answer(show_policy(call, repository.name, *repository.policy));
}

Result<Outcome> delete_repository_policy(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<PolicyInput>(call));
  IK_LET(found, find_repository(call, state, input.repository));
  ImageRepository changed = found->record.value;
  if (!changed.policy.has_value()) return no_policy(call, changed.name);
  const Json shown = show_policy(call, changed.name, *changed.policy);
  changed.policy.reset();
  return change_repository(call, *found, changed, shown);
}

}  // namespace ikada::ecr
