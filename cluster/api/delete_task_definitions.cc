#include "cluster/api/actions.h"
#include "cluster/api/resolve.h"

namespace ikada {
namespace {

constexpr size_t kMaxDeleted = 10;

struct DeleteTaskDefinitionsInput {
  std::vector<std::string> task_definitions;
};

void describe(JsonFields& fields, DeleteTaskDefinitionsInput& input) {
  fields.required("taskDefinitions", input.task_definitions);
}

}  // namespace

// A definition that is being deleted stays visible, for tasks that still run from it.
Result<Outcome> delete_task_definitions(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DeleteTaskDefinitionsInput>(call));
  if (input.task_definitions.empty() || input.task_definitions.size() > kMaxDeleted) {
    return invalid_parameter("taskDefinitions must have between 1 and {} elements.", kMaxDeleted);
  }
  Proposal proposal;
  Json failures = Json::array();
  std::vector<TaskDefinitionName> deleted;
  for (const std::string& text : input.task_definitions) {
    const auto name = task_definition_name_of(text, call.scope);
    const bool is_whole = name.has_value() && name->revision.has_value();
    const Kept<TaskDefinition>* kept =
        is_whole ? state.scope(call.scope).find_definition(*name) : nullptr;
    const std::string arn =
        is_whole ? task_definition_arn(call.scope, name->family, *name->revision) : text;
    const auto refuse = [&](const char* reason) {
      failures.push_back({{"arn", arn}, {"reason", reason}});
    };
    if (kept == nullptr) {
      refuse(
          "The specified task definition does not exist. Specify a valid account, family, "
          "revision and try again.");
      continue;
    }
    if (kept->value.status == "ACTIVE") {
      refuse(
          "The specified task definition is still in ACTIVE status. Please deregister the "
          "target and try again.");
      continue;
    }
    deleted.push_back(*name);
    if (kept->value.status == "DELETE_IN_PROGRESS") continue;
    TaskDefinition leaving = kept->value;
    leaving.status = "DELETE_IN_PROGRESS";
    leaving.delete_requested_at = call.now;
    proposal.put(
        definition_key(call.scope, name->family, *name->revision), leaving, kept->revision);
  }
  const auto show = [scope = call.scope, deleted, failures](const State& after) {
    Json shown = Json::array();
    for (const TaskDefinitionName& each : deleted) {
      const Kept<TaskDefinition>* kept = after.scope(scope).find_definition(each);
      if (kept != nullptr) shown.push_back(show_task_definition(kept->value, scope));
    }
    return Json{{"taskDefinitions", std::move(shown)}, {"failures", failures}};
  };
  if (proposal.changes.empty()) return answer(show(state));
  proposal.then = show;
  return propose(std::move(proposal));
}

}  // namespace ikada
