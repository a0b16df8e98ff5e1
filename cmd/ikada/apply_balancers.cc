// Load balancers of `ikada apply`, with their listeners and rules: what is not wished for of these
// is removed.
#include <algorithm>
#include <memory>
#include <utility>

#include "cmd/ikada/apply_steps.h"
#include "cmd/ikada/balancer_choice.h"

namespace ikada {
namespace {

// Names instead of which the API wants ARNs.
Result<Json> with_arns(const ApiClient& api, Json value, const std::string& certificate_prefix) {
  if (value.is_array()) {
    for (Json& each : value) {
      IK_LET(changed, with_arns(api, each, certificate_prefix));
      each = std::move(changed);
    }
    return value;
  }
  if (!value.is_object()) return value;
  for (auto& [name, each] : value.items()) {
    IK_LET(changed, with_arns(api, each, certificate_prefix));
    each = std::move(changed);
  }
  if (value.contains("targetGroup") && value["targetGroup"].is_string()) {
    IK_LET(arn, find_group_arn(api, value["targetGroup"].get<std::string>()));
    value["targetGroupArn"] = arn;
    value.erase("targetGroup");
  }
  if (value.contains("certificate") && value["certificate"].is_string()) {
    value["certificateArn"] = certificate_prefix + value["certificate"].get<std::string>();
    value.erase("certificate");
  }
  return value;
}

// "arn:aws:elasticloadbalancing:REGION:ACCOUNT:…" to "arn:aws:acm:REGION:ACCOUNT:certificate/".
std::string certificate_prefix_of(const std::string& arn) {
  constexpr std::string_view kService = ":elasticloadbalancing:";
  const size_t service = arn.find(kService);
  const size_t region = service + kService.size();
  const size_t account = arn.find(':', region) + 1;
  return arn.substr(0, service) + ":acm:" + arn.substr(region, arn.find(':', account) - region) +
         ":certificate/";
}

// "arn:aws:acm:REGION:ACCOUNT:certificate/NAME", or NAME.
std::string certificate_name(const std::string& text) {
  return text.starts_with("arn:") ? text.substr(text.rfind('/') + 1) : text;
}

// The name of the newest certificate that the cluster has issued for the domain; empty: none.
Result<std::string> find_issued(const ApiClient& api, const std::string& domain) {
  Json input = {{"CertificateStatuses", Json::array({"ISSUED"})}};
  while (true) {
    IK_LET(page, api.call_certificates("ListCertificates", input));
    for (const Json& each : page["CertificateSummaryList"]) {
      if (each.value("Type", "") != "PRIVATE" || each.value("DomainName", "") != domain) continue;
      return certificate_name(each.value("CertificateArn", ""));
    }
    if (!page.contains("NextToken")) return std::string();
    input["NextToken"] = page["NextToken"];
  }
}

// Of {"domain": …}, which has been checked.
Result<std::string> find_or_request(const ApiClient& api, const Json& wish) {
  const auto domain = wish["domain"].get<std::string>();
  IK_LET(found, find_issued(api, domain));
  if (!found.empty()) return found;
  IK_LET(made, api.call_certificates("RequestCertificate", {{"DomainName", domain}}));
  return certificate_name(made.value("CertificateArn", ""));
}

// By their names, those that there are; one for a domain that has none yet stays as it is.
Result<Json> name_certificates(const ApiClient& api, Json wishes) {
  if (!wishes.is_array()) return wishes;
  for (Json& each : wishes) {
    if (each.is_string()) each = Json{{"certificate", certificate_name(each.get<std::string>())}};
    if (!each.is_object() || !each.contains("domain")) continue;
    if (!each["domain"].is_string() || each.size() != 1) {
      return make_error(ErrorKind::kInvalid, "certificates: domain: expected a name alone");
    }
    IK_LET(name, find_issued(api, each["domain"].get<std::string>()));
    if (!name.empty()) each = Json{{"certificate", name}};
  }
  return wishes;
}

// What the steps do, which all of them share.
class BalancerChanges {
 public:
  // `wish` without listeners and attributes.
  BalancerChanges(const ApiClient& api, Json wish, Json attributes)
      : api_(api),
        wish_(std::move(wish)),
        name_(wish_["name"].get<std::string>()),
        attributes_(std::move(attributes)) {}

  Result<void> create() const {
    IK_TRY(api_.call_balancing("CreateLoadBalancer", in_balancing_case(wish_)));
    return set_attributes();
  }

  Result<void> set_attributes() const {
    if (attributes_.empty()) return {};
    IK_LET(found, find_balancer(api_, name_));
    IK_TRY(api_.call_balancing("ModifyLoadBalancerAttributes",
                               {{"LoadBalancerArn", found.value("LoadBalancerArn", "")},
                                {"Attributes", attribute_list(attributes_)}}));
    return {};
  }

  Result<void> put_listener(Json wish, const std::string& arn) const {
    if (wish.contains("certificates") && wish["certificates"].is_array()) {
      for (Json& each : wish["certificates"]) {
        if (!each.is_object() || !each.contains("domain")) continue;
        IK_LET(name, find_or_request(api_, each));
        each = Json{{"certificate", name}};
      }
    }
    IK_LET(balancer, find_balancer(api_, name_));
    const std::string of = balancer.value("LoadBalancerArn", "");
    IK_LET(named, with_arns(api_, wish, certificate_prefix_of(of)));
    Json input = in_balancing_case(named);
    input[arn.empty() ? "LoadBalancerArn" : "ListenerArn"] = arn.empty() ? of : arn;
    IK_TRY(api_.call_balancing(arn.empty() ? "CreateListener" : "ModifyListener", input));
    return {};
  }

  Result<void> put_rule(const Json& port, const Json& wish, const std::string& arn) const {
    IK_LET(named, with_arns(api_, wish, ""));
    Json input = in_balancing_case(named);
    if (!arn.empty()) {
      input.erase("Priority");
      input["RuleArn"] = arn;
      IK_TRY(api_.call_balancing("ModifyRule", input));
      return {};
    }
    IK_LET(balancer, find_balancer(api_, name_));
    IK_LET(listeners,
           api_.call_balancing("DescribeListeners",
                               {{"LoadBalancerArn", balancer.value("LoadBalancerArn", "")}}));
    for (const Json& each : listeners["Listeners"]) {
      if (each["Port"] == port) input["ListenerArn"] = each["ListenerArn"];
    }
    IK_TRY(api_.call_balancing("CreateRule", input));
    return {};
  }

 private:
  const ApiClient& api_;
  const Json wish_;
  const std::string name_;
  const Json attributes_;
};

class BalancerSteps {
 public:
  BalancerSteps(const ApiClient& api, const Json& wish)
      : api_(api), wish_(wish), name_(wish["name"].get<std::string>()) {
    listeners_ = wish_["listeners"];
    attributes_ = wish_.value("attributes", Json::object());
    wish_.erase("listeners");
    wish_.erase("attributes");
    changes_ = std::make_shared<const BalancerChanges>(api, wish_, attributes_);
  }

  Result<ApplySteps> make() {
    if (!attributes_.is_object()) {
      return make_error(ErrorKind::kInvalid, "load balancer {}: attributes: expected a map", name_);
    }
    const Result<Json> found = find_balancer(api_, name_);
    const bool is_there = found.has_value();
    if (!is_there && found.error().kind != ErrorKind::kNotFound) return found.error();
    Json present = Json::array();
    if (is_there) {
      IK_TRY(plan_present(*found));
      IK_LET(answer,
             api_.call_balancing("DescribeListeners",
                                 {{"LoadBalancerArn", found->value("LoadBalancerArn", "")}}));
      present = answer["Listeners"];
    } else {
      steps_.push_back({.sign = '+',
                        .thing = "load balancer " + name_,
                        .run = [changes = changes_] { return changes->create(); }});
    }
    IK_TRY(plan_listeners(present));
    return steps_;
  }

 private:
  Result<void> plan_present(const Json& found) {
    const std::string arn = found.value("LoadBalancerArn", "");
    IK_LET(answer,
           api_.call_balancing("DescribeLoadBalancerAttributes", {{"LoadBalancerArn", arn}}));
    for (const char* member : {"scheme", "type"}) {
      if (!wish_.contains(member)) continue;
      if (find_differences({{member, wish_[member]}}, in_file_case(found)).empty()) continue;
      return make_error(
          ErrorKind::kInvalid, "load balancer {}: {} cannot be changed", name_, member);
    }
    ApplyStep step{.thing = "load balancer " + name_,
                   .lines = find_differences(attributes_, attribute_map(answer["Attributes"]))};
    if (!step.lines.empty()) {
      step.sign = '~';
      step.run = [changes = changes_] { return changes->set_attributes(); };
    }
    steps_.push_back(std::move(step));
    return {};
  }

  Result<void> plan_listeners(const Json& present) {
    for (const Json& wish : listeners_) {
      const auto found = std::find_if(present.begin(), present.end(), [&](const Json& each) {
        return wish["port"] == each["Port"];
      });
      IK_TRY(plan_listener(wish, found == present.end() ? Json() : *found));
    }
    for (const Json& each : present) {
      const bool is_wished =
          std::any_of(listeners_.begin(), listeners_.end(), [&](const Json& wish) {
            return wish["port"] == each["Port"];
          });
      if (is_wished) continue;
      steps_.push_back({.sign = '-',
                        .thing = thing_of(each["Port"]),
                        .run = [&api = api_, arn = each["ListenerArn"]]() -> Result<void> {
                          IK_TRY(api.call_balancing("DeleteListener", {{"ListenerArn", arn}}));
                          return {};
                        },
                        .port = each.value("Port", std::int64_t{0})});
    }
    return {};
  }

  Result<void> plan_listener(Json wish, const Json& present) {
    const Json rules = wish["rules"];
    wish.erase("rules");
    if (wish.contains("certificates")) {
      IK_LET(named, name_certificates(api_, wish["certificates"]));
      wish["certificates"] = std::move(named);
    }
    ApplyStep step{.thing = thing_of(wish["port"]), .port = wish["port"].get<std::int64_t>()};
    Json present_rules = Json::array();
    if (present.is_null()) {
      step.sign = '+';
    } else {
      step.lines = find_differences(wish, in_file_case(present));
      if (!step.lines.empty()) step.sign = '~';
      IK_LET(answer,
             api_.call_balancing("DescribeRules", {{"ListenerArn", present["ListenerArn"]}}));
      present_rules = answer["Rules"];
    }
    if (step.sign != '=') {
      step.run = [changes = changes_,
                  wish,
                  arn = present.is_null() ? "" : present.value("ListenerArn", "")] {
        return changes->put_listener(wish, arn);
      };
    }
    steps_.push_back(std::move(step));
    return plan_rules(wish["port"], rules, present_rules);
  }

  Result<void> plan_rules(const Json& port, const Json& wished, const Json& present) {
    const auto number = port.get<std::int64_t>();
    for (const Json& each : present) {
      if (each.value("IsDefault", false)) continue;
      const bool is_wished = std::any_of(wished.begin(), wished.end(), [&](const Json& wish) {
        return wish["priority"].dump() == each.value("Priority", "");
      });
      if (is_wished) continue;
      steps_.push_back(
          {.sign = '-',
           .thing = fmt::format("{}, rule {}", thing_of(port), each.value("Priority", "")),
           .run = [&api = api_, arn = each["RuleArn"]]() -> Result<void> {
             IK_TRY(api.call_balancing("DeleteRule", {{"RuleArn", arn}}));
             return {};
           },
           .port = number,
           .is_rule = true});
    }
    for (const Json& wish : wished) {
      const auto found = std::find_if(present.begin(), present.end(), [&](const Json& each) {
        return wish["priority"].dump() == each.value("Priority", "");
      });
      ApplyStep step{.thing = fmt::format("{}, rule {}", thing_of(port), wish["priority"].dump()),
                     .port = number,
                     .is_rule = true};
      std::string arn;
      if (found == present.end()) {
        step.sign = '+';
      } else {
        arn = found->value("RuleArn", "");
        step.lines = find_differences(wish, in_file_case(*found));
        if (!step.lines.empty()) step.sign = '~';
      }
      if (step.sign != '=') {
        step.run = [changes = changes_, port, wish, arn] {
          return changes->put_rule(port, wish, arn);
        };
      }
      steps_.push_back(std::move(step));
    }
    return {};
  }

  std::string thing_of(const Json& port) const {
    return fmt::format("load balancer {}, port {}", name_, port.dump());
  }

  const ApiClient& api_;
  Json wish_;
  std::string name_;
  Json listeners_;
  Json attributes_;
  std::shared_ptr<const BalancerChanges> changes_;
  ApplySteps steps_;
};

}  // namespace

Result<ApplySteps> plan_balancer(const ApiClient& api, const Json& wish) {
  IK_LET(steps, BalancerSteps(api, wish).make());
  for (ApplyStep& each : steps) each.balancer = wish["name"].get<std::string>();
  return steps;
}

}  // namespace ikada
