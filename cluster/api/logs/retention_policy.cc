#include "cluster/api/logs/log_actions.h"
#include "cluster/api/logs/log_lookup.h"

namespace ikada::logs {
namespace {

struct RetentionInput {
  std::string name;
  std::optional<std::int32_t> days;
};

void describe(JsonFields& fields, RetentionInput& input) {
  fields.required("logGroupName", input.name);
  fields.field("retentionInDays", input.days);
}

Result<Outcome> set_retention(const ApiCall& call,
                              const State& state,
                              const std::string& name,
                              std::optional<std::int32_t> days) {
  IK_LET(group, find_log_group(call, state, name));
  LogGroup changed = group->value;
  changed.retention_days = days;
  return propose_group(call, changed, group->revision);
}

}  // namespace

Result<Outcome> put_retention_policy(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<RetentionInput>(call));
  if (!input.days.has_value() || !is_retention(*input.days)) {
    return invalid_parameter(
        "Invalid retentionInDays: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, "
        "1096, 1827, 2192, 2557, 2922, 3288 or 3653 days are allowed.");
  }
  return set_retention(call, state, input.name, input.days);
}

Result<Outcome> delete_retention_policy(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<RetentionInput>(call));
  return set_retention(call, state, input.name, std::nullopt);
}

}  // namespace ikada::logs
