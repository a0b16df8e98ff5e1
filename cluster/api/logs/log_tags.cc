// Tags of groups: by ARN, and by name as older clients do.
#include "cluster/api/logs/log_actions.h"
#include "cluster/api/logs/log_lookup.h"
#include "cluster/model/tag.h"

namespace ikada::logs {
namespace {

struct LogTagsInput {
  std::string name;
  std::string arn;
  std::map<std::string, std::string> tags;
  std::vector<std::string> keys;

  std::string group() const { return name.empty() ? log_group_of_arn(arn) : name; }
};

// UntagResource has "tagKeys", UntagLogGroup a list in "tags".
void describe(JsonFields& fields, LogTagsInput& input) {
  fields.field("logGroupName", input.name);
  fields.field("resourceArn", input.arn);
  fields.field("tags", input.tags);
  fields.field("tagKeys", input.keys);
}

struct OldUntagInput {
  std::string name;
  std::vector<std::string> keys;
};

void describe(JsonFields& fields, OldUntagInput& input) {
  fields.required("logGroupName", input.name);
  fields.required("tags", input.keys);
}

Result<Outcome> add(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<LogTagsInput>(call));
  IK_LET(group, find_log_group(call, state, input.group()));
  LogGroup changed = group->value;
  for (const auto& [key, value] : input.tags) changed.tags[key] = value;
  std::vector<Tag> all;
  for (const auto& [key, value] : changed.tags) all.push_back({key, value});
  IK_TRY(check_tags(all));
  return propose_group(call, changed, group->revision);
}

Result<Outcome> remove(const ApiCall& call,
                       const State& state,
                       const std::string& name,
                       const std::vector<std::string>& keys) {
  IK_LET(group, find_log_group(call, state, name));
  LogGroup changed = group->value;
  for (const std::string& key : keys) changed.tags.erase(key);
  return propose_group(call, changed, group->revision);
}

Result<Outcome> list(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<LogTagsInput>(call));
  IK_LET(group, find_log_group(call, state, input.group()));
  return answer({{"tags", group->value.tags}});
}

}  // namespace

Result<Outcome> tag_resource(const ApiCall& call, const State& state) { return add(call, state); }
Result<Outcome> tag_log_group(const ApiCall& call, const State& state) { return add(call, state); }

Result<Outcome> untag_resource(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<LogTagsInput>(call));
  return remove(call, state, input.group(), input.keys);
}

Result<Outcome> untag_log_group(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<OldUntagInput>(call));
  return remove(call, state, input.name, input.keys);
}

Result<Outcome> list_tags_for_resource(const ApiCall& call, const State& state) {
  return list(call, state);
}
Result<Outcome> list_tags_log_group(const ApiCall& call, const State& state) {
  return list(call, state);
}

}  // namespace ikada::logs
