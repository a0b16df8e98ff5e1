// Target groups of `ikada apply`.
#include "cmd/ikada/apply_steps.h"

namespace ikada {
namespace {

// What ModifyTargetGroup changes.
bool is_changeable(const std::string& member) {
  return member.starts_with("healthCheck") || member.ends_with("ThresholdCount") ||
         member == "matcher";
}

Result<Json> find_group(const ApiClient& api, const std::string& name) {
  IK_LET(answer, api.call_balancing("DescribeTargetGroups", {{"Names", Json::array({name})}}));
  return answer["TargetGroups"][0];
}

Result<void> set_group_attributes(const ApiClient& api,
                                  const std::string& name,
                                  const Json& wished) {
  if (wished.empty()) return {};
  IK_LET(arn, find_group_arn(api, name));
  IK_TRY(api.call_balancing("ModifyTargetGroupAttributes",
                            {{"TargetGroupArn", arn}, {"Attributes", attribute_list(wished)}}));
  return {};
}

ApplyStep make_group(const ApiClient& api,
                     const std::string& name,
                     Json wish,
                     const Json& attributes) {
  if (!wish.contains("protocol")) wish["protocol"] = "HTTP";
  return {.sign = '+',
          .thing = "target group " + name,
          .run = [&api, name, wish, attributes]() -> Result<void> {
            IK_TRY(api.call_balancing("CreateTargetGroup", in_balancing_case(wish)));
            return set_group_attributes(api, name, attributes);
          }};
}

}  // namespace

Result<std::string> find_group_arn(const ApiClient& api, const std::string& name) {
  IK_LET(group, find_group(api, name).context("target group {}", name));
  return group.value("TargetGroupArn", "");
}

Result<ApplySteps> plan_group(const ApiClient& api, const Json& wish_given) {
  Json wish = wish_given;
  const auto name = wish["name"].get<std::string>();
  Json attributes = wish.value("attributes", Json::object());
  if (!attributes.is_object()) {
    return make_error(ErrorKind::kInvalid, "target group {}: attributes: expected a map", name);
  }
  wish.erase("attributes");
  const Result<Json> found = find_group(api, name);
  if (!found.has_value() && found.error().kind == ErrorKind::kNotFound) {
    return ApplySteps{make_group(api, name, wish, attributes)};
  }
  if (!found.has_value()) return found.error();
  const std::string arn = found->value("TargetGroupArn", "");
  IK_LET(set, api.call_balancing("DescribeTargetGroupAttributes", {{"TargetGroupArn", arn}}));
  wish.erase("name");
  const Json shown = in_file_case(*found);
  ApplyStep step{.thing = "target group " + name, .lines = find_differences(wish, shown)};
  Json changes = Json::object();
  for (const auto& [member, value] : wish.items()) {
    if (member == "tags") continue;
    if (is_changeable(member)) {
      changes[member] = value;
    } else if (!find_differences({{member, value}}, shown).empty()) {
      return make_error(ErrorKind::kInvalid, "target group {}: {} cannot be changed", name, member);
    }
  }
  for (std::string& line : find_differences(attributes, attribute_map(set["Attributes"]))) {
    step.lines.push_back(std::move(line));
  }
  if (step.lines.empty()) return ApplySteps{std::move(step)};
  step.sign = '~';
  step.run = [&api, name, arn, changes, attributes]() -> Result<void> {
    if (!changes.empty()) {
      Json input = in_balancing_case(changes);
      input["TargetGroupArn"] = arn;
      IK_TRY(api.call_balancing("ModifyTargetGroup", input));
    }
    return set_group_attributes(api, name, attributes);
  };
  return ApplySteps{std::move(step)};
}

}  // namespace ikada
