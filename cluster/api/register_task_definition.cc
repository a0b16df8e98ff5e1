#include <limits>

#include "cluster/api/actions.h"
#include "cluster/api/pass_role.h"
#include "cluster/model/task_definition_check.h"
#include "cluster/model/task_definition_record.h"

namespace ikada {
namespace {

struct RegisterTaskDefinitionInput {
  TaskDefinition definition;
};

void describe(JsonFields& fields, RegisterTaskDefinitionInput& input) {
  describe_registration(fields, input.definition);
}

Json show_registered(const State& state, const Scope& scope, const TaskDefinitionName& name) {
  const Kept<TaskDefinition>* kept = state.scope(scope).find_definition(name);
  if (kept == nullptr) return Json::object();
  Json json = {{"taskDefinition", show_task_definition(kept->value, scope)}};
  json["tags"] = to_json(kept->value)["tags"];
  return json;
}

}  // namespace

Result<Outcome> register_task_definition(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<RegisterTaskDefinitionInput>(call));
  TaskDefinition& definition = input.definition;
  IK_TRY(check_task_definition(definition));
  IK_TRY(check_pass_role(call, definition));
  fill_defaults(definition);
  definition.requires_attributes = required_attributes(definition);
  definition.compatibilities = compatibilities_of(definition);
  definition.registered_at = call.now;
  definition.registered_by = call.caller_arn;

  const auto& families = state.scope(call.scope).families;
  const auto family = families.find(definition.family);
  const Kept<Family> present = family == families.end() ? Kept<Family>{} : family->second.record;
  if (present.value.last_revision == std::numeric_limits<std::int32_t>::max()) {
    return ecs_error("LimitExceededException", "The family has no revisions left.");
  }
  definition.revision = present.value.last_revision + 1;
  const TaskDefinitionName name{.family = definition.family, .revision = definition.revision};

  Proposal proposal{.then = [scope = call.scope, name](const State& after) {
    return show_registered(after, scope, name);
  }};
  proposal.put(family_key(call.scope, name.family), Family{definition.revision}, present.revision);
  proposal.put(definition_key(call.scope, name.family, definition.revision), definition, 0);
  return propose(std::move(proposal));
}

}  // namespace ikada
