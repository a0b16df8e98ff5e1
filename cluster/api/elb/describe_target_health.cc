#include <algorithm>

#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/elb_lookup.h"
#include "cluster/api/elb/target_input.h"
#include "cluster/loadbalancing/find_target_health.h"

namespace ikada::elb {
namespace {

struct DescribeTargetHealthInput {
  std::string arn;
  std::vector<TargetInput> targets;
};

void describe(JsonFields& fields, DescribeTargetHealthInput& input) {
  fields.required("TargetGroupArn", input.arn);
  fields.field("Targets", input.targets);
}

Json show_health(const TargetGroup& group, const TargetHealth& health) {
  Json target = {{"Id", health.id}, {"Port", health.port}};
  if (!health.zone.empty()) target["AvailabilityZone"] = health.zone;
  Json state = {{"State", to_text(health.state)}};
  if (!health.reason.empty()) state["Reason"] = health.reason;
  if (!health.description.empty()) state["Description"] = health.description;
  const std::string& port = group.health_check.port;
  return {{"Target", std::move(target)},
          {"HealthCheckPort", port == "traffic-port" ? std::to_string(health.port) : port},
          {"TargetHealth", std::move(state)}};
}

}  // namespace

Result<Outcome> describe_target_health(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DescribeTargetHealthInput>(call));
  IK_LET(group, find_target_group(call, state, input.arn));
  const std::vector<TargetHealth> all =
      find_target_health(state, state.scope(call.scope), group->value, call.sights(), call.now);
  Json shown = Json::array();
  for (const TargetInput& asked : input.targets) {
    bool is_known = false;
    for (const TargetHealth& each : all) {
      if (each.id != asked.id || (asked.port.has_value() && *asked.port != each.port)) continue;
      is_known = true;
      shown.push_back(show_health(group->value, each));
    }
    if (is_known) continue;
    shown.push_back(show_health(group->value,
                                not_registered(asked.id, asked.port.value_or(group->value.port))));
  }
  if (input.targets.empty()) {
    for (const TargetHealth& each : all) shown.push_back(show_health(group->value, each));
  }
  return answer(Json{{"TargetHealthDescriptions", std::move(shown)}});
}

}  // namespace ikada::elb
