#include <algorithm>

#include "cluster/api/logs/log_actions.h"
#include "cluster/api/logs/log_lookup.h"
#include "cluster/api/page.h"

namespace ikada::logs {
namespace {

constexpr std::int32_t kMaxGroups = 50;

struct DescribeLogGroupsInput {
  std::string prefix;
  std::string pattern;
  std::vector<std::string> identifiers;
  std::optional<std::string> next_token;
  std::optional<std::int32_t> limit;
};

void describe(JsonFields& fields, DescribeLogGroupsInput& input) {
  fields.field("logGroupNamePrefix", input.prefix);
  fields.field("logGroupNamePattern", input.pattern);
  fields.field("logGroupIdentifiers", input.identifiers);
  fields.field("nextToken", input.next_token);
  fields.field("limit", input.limit);
}

bool is_meant(const DescribeLogGroupsInput& input, const std::string& name) {
  const bool is_named = input.identifiers.empty() ||
                        std::ranges::any_of(input.identifiers, [&](const std::string& each) {
                          return log_group_of_arn(each) == name;
                        });
  return is_named && name.starts_with(input.prefix) &&
         name.find(input.pattern) != std::string::npos;
}

Json show(const Scope& scope, const LogGroup& group) {
  const std::string arn = log_group_arn(scope, group.name);
  Json shown = {{"logGroupName", group.name},
                {"creationTime", group.created_at.milliseconds},
                {"metricFilterCount", 0},
                {"arn", arn + ":*"},
                {"logGroupArn", arn},
                {"logGroupClass", "STANDARD"}};
  if (group.retention_days.has_value()) shown["retentionInDays"] = *group.retention_days;
  return shown;
}

}  // namespace

Result<Outcome> describe_log_groups(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DescribeLogGroupsInput>(call));
  if (!input.prefix.empty() && !input.pattern.empty()) {
    return invalid_parameter("logGroupNamePrefix and logGroupNamePattern exclude each other.");
  }
  const std::int32_t limit = input.limit.value_or(kMaxGroups);
  if (limit < 1 || limit > kMaxGroups) {
    return invalid_parameter("limit must be between 1 and {}.", kMaxGroups);
  }
  std::vector<ListItem> items;
  for (const auto& [record, kept] : state.scope(call.scope).log_groups) {
    if (!is_meant(input, kept.value.name)) continue;
    items.push_back({.key = kept.value.name, .shown = show(call.scope, kept.value)});
  }
  IK_LET(
      page,
      page_of(
          std::move(items), {.next_token = input.next_token, .max_results = limit}, "logGroups"));
  return answer(std::move(page));
}

}  // namespace ikada::logs
