#include "cluster/api/acm/certificate_lookup.h"

#include <algorithm>

#include "cluster/model/balancer_arn.h"

namespace ikada::acm {

void describe(JsonFields& fields, CertificateInput& input) {
  fields.required("CertificateArn", input.arn);
}

Result<const Kept<ServerCertificate>*> find_certificate(const ApiCall& call,
                                                        const State& state,
                                                        const std::string& arn) {
  const Result<Arn> parsed = parse_arn(arn);
  if (!parsed.has_value() || parsed->service != "acm") {
    return ecs_error("InvalidArnException", "The ARN '{}' is not valid.", arn);
  }
  const auto& certificates = state.scope(call.scope).certificates;
  const std::optional<std::string> id = certificate_name_of(arn, call.scope);
  const auto found = id.has_value() ? certificates.find(*id) : certificates.end();
  if (found != certificates.end()) return &found->second;
  return ecs_error("ResourceNotFoundException",
                   "Could not find certificate {} in account {}.",
                   arn,
                   call.scope.account);
}

std::vector<std::string> balancers_using(const ScopeState& scope, const std::string& arn) {
  std::vector<std::string> arns;
  for (const auto& [name, listeners] : scope.listeners) {
    const auto balancer = scope.balancers.find(name);
    const bool is_used = std::ranges::any_of(listeners, [&](const auto& each) {
      return std::ranges::count(each.second.value.certificates, arn) > 0;
    });
    if (!is_used || balancer == scope.balancers.end()) continue;
    arns.push_back(balancer_arn(scope.scope, balancer->second.value));
  }
  return arns;
}

double shown_time(Timestamp time) { return static_cast<double>(time.milliseconds) / 1000; }

Result<void> check_certificate_tags(const std::vector<Tag>& tags) {
  if (tags.size() > kMaxTagsPerResource) {
    return ecs_error(
        "TooManyTagsException", "A certificate has at most {} tags.", kMaxTagsPerResource);
  }
  const Result<void> checked = check_tags(tags);
  if (!checked.has_value()) return ecs_error("InvalidTagException", "{}", checked.error().message);
  return {};
}

Result<std::vector<Tag>> read_certificate_tags(const std::vector<elb::TagInput>& inputs) {
  std::vector<Tag> tags;
  tags.reserve(inputs.size());
  for (const elb::TagInput& each : inputs) tags.push_back(each.tag);
  IK_TRY(check_certificate_tags(tags));
  return tags;
}

Outcome put_certificate(const ApiCall& call,
                        const ServerCertificate& certificate,
                        std::int64_t revision,
                        Json answer) {
  Proposal proposal{.then = [answer = std::move(answer)](const State&) { return answer; }};
  proposal.put(certificate_key(call.scope, certificate.id), certificate, revision);
  return propose(std::move(proposal));
}

}  // namespace ikada::acm
