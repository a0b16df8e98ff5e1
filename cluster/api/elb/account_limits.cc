// What there can be of each noun, and what HTTPS listeners can speak.
#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/elb/listener_change.h"

namespace ikada::elb {
namespace {

constexpr struct {
  const char* name;
  const char* max;
} kLimits[] = {{"application-load-balancers", "50"},
               {"listeners-per-application-load-balancer", "40"},
               {"rules-per-application-load-balancer", "4000"},
               {"target-groups", "3000"},
               {"target-groups-per-action-on-application-load-balancer", "5"},
               {"targets-per-target-group", "1000"},
               {"certificates-per-application-load-balancer", "25"},
               {"condition-values-per-alb-rule", "5"},
               {"network-load-balancers", "50"},
               {"listeners-per-network-load-balancer", "40"},
               {"target-groups-per-action-on-network-load-balancer", "1"}};

struct PoliciesInput {
  std::vector<std::string> names;
};

void describe(JsonFields& fields, PoliciesInput& input) { fields.field("Names", input.names); }

Json show_policy(std::string_view name) {
  Json protocols = Json::array({"TLSv1.3"});
  if (name.find("TLS13-1-3") == std::string_view::npos) protocols.push_back("TLSv1.2");
  return {{"Name", name},
          {"SslProtocols", std::move(protocols)},
          {"Ciphers", Json::array()},
          {"SupportedLoadBalancerTypes", Json::array({"application"})}};
}

}  // namespace

Result<Outcome> describe_account_limits(const ApiCall&, const State&) {
  Json limits = Json::array();
  for (const auto& each : kLimits) limits.push_back({{"Name", each.name}, {"Max", each.max}});
  return answer(Json{{"Limits", std::move(limits)}});
}

Result<Outcome> describe_ssl_policies(const ApiCall& call, const State&) {
  IK_LET(input, parse_input<PoliciesInput>(call));
  Json shown = Json::array();
  for (const std::string_view policy : kSslPolicies) {
    const bool is_asked =
        input.names.empty() ||
        std::find(input.names.begin(), input.names.end(), policy) != input.names.end();
    if (is_asked) shown.push_back(show_policy(policy));
  }
  if (shown.size() < input.names.size()) {
    return ecs_error("SSLPolicyNotFound", "One or more SSL policies not found");
  }
  return answer(Json{{"SslPolicies", std::move(shown)}});
}

}  // namespace ikada::elb
