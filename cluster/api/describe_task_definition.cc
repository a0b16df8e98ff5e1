#include <algorithm>

#include "cluster/api/actions.h"

namespace ikada {
namespace {

struct DescribeTaskDefinitionInput {
  std::string task_definition;
  std::vector<std::string> include;
};

void describe(JsonFields& fields, DescribeTaskDefinitionInput& input) {
  fields.required("taskDefinition", input.task_definition);
  fields.field("include", input.include);
}

}  // namespace

Result<Outcome> describe_task_definition(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DescribeTaskDefinitionInput>(call));
  const auto name = task_definition_name_of(input.task_definition, call.scope);
  const Kept<TaskDefinition>* kept =
      name.has_value() ? state.scope(call.scope).find_definition(*name) : nullptr;
  if (kept == nullptr) return client_exception("Unable to describe task definition.");
  Json json = {{"taskDefinition", show_task_definition(kept->value, call.scope)}};
  if (std::find(input.include.begin(), input.include.end(), "TAGS") != input.include.end()) {
    json["tags"] = to_json(kept->value)["tags"];
  }
  return answer(std::move(json));
}

}  // namespace ikada
