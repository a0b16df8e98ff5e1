#include "cluster/api/logs/log_actions.h"
#include "cluster/api/logs/log_lookup.h"
#include "cluster/model/tag.h"

namespace ikada::logs {
namespace {

struct CreateLogGroupInput {
  std::string name;
  std::string key;
  std::string group_class = "STANDARD";
  std::map<std::string, std::string> tags;
};

void describe(JsonFields& fields, CreateLogGroupInput& input) {
  fields.required("logGroupName", input.name);
  fields.field("kmsKeyId", input.key);
  fields.field("logGroupClass", input.group_class);
  fields.field("tags", input.tags);
}

}  // namespace

Result<Outcome> create_log_group(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<CreateLogGroupInput>(call));
  IK_LET(name, checked_group_name(input.name));
  if (!input.key.empty()) return invalid_parameter("kmsKeyId is not supported.");
  if (input.group_class != "STANDARD") {
    return invalid_parameter("Only log groups of class STANDARD are supported.");
  }
  std::vector<Tag> tags;
  for (const auto& [key, value] : input.tags) tags.push_back({key, value});
  IK_TRY(check_tags(tags));
  const auto& groups = state.scope(call.scope).log_groups;
  if (groups.find(log_group_record_name(name)) != groups.end()) {
    return ecs_error("ResourceAlreadyExistsException", "The specified log group already exists");
  }
  return propose_group(call, LogGroup{.name = name, .created_at = call.now, .tags = input.tags}, 0);
}

}  // namespace ikada::logs
