#include "cluster/api/actions.h"

namespace ikada {
namespace {

struct DeregisterTaskDefinitionInput {
  std::string task_definition;
};

void describe(JsonFields& fields, DeregisterTaskDefinitionInput& input) {
  fields.required("taskDefinition", input.task_definition);
}

}  // namespace

Result<Outcome> deregister_task_definition(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DeregisterTaskDefinitionInput>(call));
  const auto name = task_definition_name_of(input.task_definition, call.scope);
  if (name.has_value() && !name->revision.has_value()) {
    return invalid_parameter("Revision is missing: {}.", input.task_definition);
  }
  const Kept<TaskDefinition>* kept =
      name.has_value() ? state.scope(call.scope).find_definition(*name) : nullptr;
  if (kept == nullptr) return client_exception("The specified task definition does not exist.");
  const auto show = [scope = call.scope, name = *name](const State& after) {
    const Kept<TaskDefinition>* now = after.scope(scope).find_definition(name);
    if (now == nullptr) return Json::object();
    return Json{{"taskDefinition", show_task_definition(now->value, scope)}};
  };
  if (kept->value.status != "ACTIVE") return answer(show(state));
  TaskDefinition inactive = kept->value;
  inactive.status = "INACTIVE";
  inactive.deregistered_at = call.now;
  Proposal proposal{.then = show};
  proposal.put(definition_key(call.scope, name->family, *name->revision), inactive, kept->revision);
  return propose(std::move(proposal));
}

}  // namespace ikada
