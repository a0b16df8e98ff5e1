#include "cluster/api/elb/listener_change.h"

#include <algorithm>

namespace ikada::elb {
namespace {

Scope home_scope(const ApiCall& call) {
  return {.account = call.scope.account, .region = call.options.home_region};
}

const Kept<ListenerPort>* find_port(const ApiCall& call, const State& state, std::int32_t port) {
  const auto& ports = state.scope(home_scope(call)).listener_ports;
  const auto found = ports.find(std::to_string(port));
  return found == ports.end() ? nullptr : &found->second;
}

}  // namespace

void describe(JsonFields& fields, CertificateInput& input) {
  fields.required("CertificateArn", input.arn);
}

Result<void> check_certificates(const ApiCall& call, const std::vector<CertificateInput>& inputs) {
  for (const CertificateInput& each : inputs) {
    const std::optional<std::string> name = certificate_name_of(each.arn, call.scope);
    const bool is_there =
        name.has_value() && (!call.options.has_certificate || call.options.has_certificate(*name));
    if (!is_there) {
      return ecs_error("CertificateNotFound", "Certificate '{}' not found", each.arn);
    }
  }
  return {};
}

Result<void> check_protocol(const Listener& listener) {
  constexpr std::int32_t kMaxPort = 65'535;
  if (listener.port < 1 || listener.port > kMaxPort) {
    return validation_error("A port between 1 and {} must be specified", kMaxPort);
  }
  if (listener.protocol != "HTTP" && listener.protocol != "HTTPS") {
    return ecs_error("UnsupportedProtocol",
                     "Listeners of protocol '{}' are not supported: HTTP or HTTPS",
                     listener.protocol);
  }
  const bool is_secure = listener.protocol == "HTTPS";
  if (is_secure && listener.certificates.empty()) {
    return ecs_error("CertificateNotFound", "A certificate must be specified for HTTPS listeners");
  }
  if (!is_secure && (!listener.certificates.empty() || !listener.ssl_policy.empty())) {
    return validation_error("Certificates and SSL policies are for HTTPS listeners");
  }
  const bool is_known = !is_secure || std::find(std::begin(kSslPolicies),
                                                std::end(kSslPolicies),
                                                listener.ssl_policy) != std::end(kSslPolicies);
  if (is_known) return {};
  return ecs_error("SSLPolicyNotFound", "SSL policy '{}' not found", listener.ssl_policy);
}

Result<void> take_port(Proposal& proposal,
                       const ApiCall& call,
                       const State& state,
                       const Listener& listener) {
  if (call.options.is_reserved_port && call.options.is_reserved_port(listener.port)) {
    return ecs_error("InvalidConfigurationRequest",
                     "Port {} belongs to ikada itself on the hosts that carry the load balancers",
                     listener.port);
  }
  const Kept<ListenerPort>* taken = find_port(call, state, listener.port);
  if (taken != nullptr) {
    const ListenerPort& owner = taken->value;
    if (owner.region == call.scope.region && owner.balancer == listener.balancer) {
      return ecs_error("DuplicateListener",
                       "A listener already exists on port {} for this load balancer",
                       listener.port);
    }
    return ecs_error("InvalidConfigurationRequest",
                     "Port {} is taken by a listener of load balancer '{}' in region {}: all load "
                     "balancers share the addresses of the hosts that carry them",
                     listener.port,
                     owner.balancer,
                     owner.region);
  }
  proposal.put(
      listener_port_key(home_scope(call), listener.port),
      ListenerPort{
          .region = call.scope.region, .balancer = listener.balancer, .listener = listener.id},
      0);
  return {};
}

void release_port(Proposal& proposal,
                  const ApiCall& call,
                  const State& state,
                  const Listener& listener) {
  const Kept<ListenerPort>* taken = find_port(call, state, listener.port);
  if (taken == nullptr || taken->value.listener != listener.id) return;
  proposal.remove(listener_port_key(home_scope(call), listener.port), taken->revision);
}

void remove_listener(Proposal& proposal,
                     const ApiCall& call,
                     const State& state,
                     const Kept<Listener>& listener) {
  release_port(proposal, call, state, listener.value);
  proposal.remove(listener_key(call.scope, listener.value.balancer, listener.value.id),
                  listener.revision);
}

}  // namespace ikada::elb
