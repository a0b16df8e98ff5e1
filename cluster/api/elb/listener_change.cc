#include "cluster/api/elb/listener_change.h"

#include <algorithm>
#include <set>

namespace ikada::elb {
namespace {

Scope home_scope(const ApiCall& call) {
  return {.account = call.scope.account, .region = call.options.home_region};
}

// Of a port, or of an address.
const Kept<ListenerPort>* find_owner(const ApiCall& call,
                                     const State& state,
                                     const std::string& name) {
  const auto& owners = state.scope(home_scope(call)).listener_ports;
  const auto found = owners.find(name);
  return found == owners.end() ? nullptr : &found->second;
}

Error duplicate_listener(const Listener& listener) {
  return ecs_error("DuplicateListener",
                   "A listener already exists on port {} for this load balancer",
                   listener.port);
}

// Groups that a listener of a network load balancer can send connections to.
bool fits(const std::string& listener, const std::string& group) {
  return listener == group || (group == "TCP_UDP" && is_network_protocol(listener));
}

Result<void> check_network_protocol(const Listener& listener) {
  if (!is_network_protocol(listener.protocol)) {
    return ecs_error("UnsupportedProtocol",
                     "Listeners of protocol '{}' are not supported with network load balancers: "
                     "TCP, UDP or TCP_UDP",
                     listener.protocol);
  }
  if (listener.certificates.empty() && listener.ssl_policy.empty()) return {};
  return validation_error("Certificates and SSL policies are for HTTPS listeners");
}

}  // namespace

void describe(JsonFields& fields, CertificateInput& input) {
  fields.required("CertificateArn", input.arn);
}

Result<void> use_certificates(Proposal& proposal,
                              const ApiCall& call,
                              const State& state,
                              const std::vector<CertificateInput>& inputs) {
  const auto& records = state.scope(call.scope).certificates;
  std::set<std::string> touched;
  for (const CertificateInput& each : inputs) {
    const std::optional<std::string> name = certificate_name_of(each.arn, call.scope);
    const auto record = name.has_value() ? records.find(*name) : records.end();
    if (record != records.end()) {
      if (!touched.insert(*name).second) continue;
      touch(proposal, certificate_key(call.scope, *name), record->second);
      continue;
    }
    const bool is_there =
        name.has_value() && (!call.options.has_certificate || call.options.has_certificate(*name));
    if (!is_there) {
      return ecs_error("CertificateNotFound", "Certificate '{}' not found", each.arn);
    }
  }
  return {};
}

Result<void> check_actions(const ScopeState& scope,
                           const LoadBalancer& balancer,
                           const Listener& listener,
                           const std::vector<ListenerAction>& actions) {
  for (const ListenerAction& action : actions) {
    if (is_network(balancer) && (action.type != "forward" || action.groups.size() != 1)) {
      return ecs_error("InvalidLoadBalancerAction",
                       "Listeners of network load balancers forward to exactly one target group");
    }
    for (const WeightedGroup& each : action.groups) {
      const auto found = scope.target_groups.find(each.target_group);
      if (found == scope.target_groups.end()) continue;
      const std::string& protocol = found->second.value.protocol;
      const bool does_fit =
          is_network(balancer) ? fits(listener.protocol, protocol) : !is_network_protocol(protocol);
      if (does_fit) continue;
      return ecs_error("InvalidConfigurationRequest",
                       "Target group '{}' has protocol {}, which a listener of protocol {} cannot "
                       "forward to",
                       each.target_group,
                       protocol,
                       listener.protocol);
    }
  }
  return {};
}

Result<void> check_protocol(const LoadBalancer& balancer, const Listener& listener) {
  constexpr std::int32_t kMaxPort = 65'535;
  if (listener.port < 1 || listener.port > kMaxPort) {
    return validation_error("A port between 1 and {} must be specified", kMaxPort);
  }
  if (is_network(balancer)) return check_network_protocol(listener);
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

Result<void> take_address(Proposal& proposal,
                          const ApiCall& call,
                          const State& state,
                          LoadBalancer& balancer) {
  if (call.options.balancer_addresses.empty()) return {};
  std::set<std::string> taken;
  for (const auto& [name, owner] : state.scope(home_scope(call)).listener_ports) {
    taken.insert(name);
  }
  // Whoever took a host's own address would take the host off the network.
  for (const auto& [id, node] : state.scope(home_scope(call)).nodes) {
    taken.insert(node.value.address);
  }
  balancer.address = find_free_address(call.options.balancer_addresses, taken);
  if (balancer.address.empty()) {
    return ecs_error("TooManyLoadBalancers",
                     "All addresses of the pool (balancer_addresses) belong to load balancers or "
                     "hosts");
  }
  proposal.put(balancer_address_key(home_scope(call), balancer.address),
               ListenerPort{.region = call.scope.region, .balancer = balancer.name},
               0);
  return {};
}

void release_address(Proposal& proposal,
                     const ApiCall& call,
                     const State& state,
                     const LoadBalancer& balancer) {
  if (balancer.address.empty()) return;
  const Kept<ListenerPort>* taken = find_owner(call, state, balancer.address);
  if (taken == nullptr || taken->value.balancer != balancer.name) return;
  proposal.remove(balancer_address_key(home_scope(call), balancer.address), taken->revision);
}

Result<void> take_port(Proposal& proposal,
                       const ApiCall& call,
                       const State& state,
                       const LoadBalancer& balancer,
                       const Listener& listener) {
  if (call.options.is_reserved_port && call.options.is_reserved_port(listener.port)) {
    return ecs_error("InvalidConfigurationRequest",
                     "Port {} belongs to ikada itself on the hosts that carry the load balancers",
                     listener.port);
  }
  if (!balancer.address.empty()) {
    for (const Kept<Listener>* each : listeners_of(state.scope(call.scope), balancer.name)) {
      const bool is_other = each->value.id != listener.id;
      if (is_other && each->value.port == listener.port) return duplicate_listener(listener);
    }
    return {};
  }
  const Kept<ListenerPort>* taken = find_owner(call, state, std::to_string(listener.port));
  if (taken != nullptr) {
    const ListenerPort& owner = taken->value;
    if (owner.region == call.scope.region && owner.balancer == listener.balancer) {
      return duplicate_listener(listener);
    }
    return ecs_error("InvalidConfigurationRequest",
                     "Port {} is taken by a listener of load balancer '{}' in region {}: all load "
                     "balancers without an address of their own share those of the hosts that "
                     "carry them",
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
  const Kept<ListenerPort>* taken = find_owner(call, state, std::to_string(listener.port));
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
