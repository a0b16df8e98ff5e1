// What making and removing balancers and listeners have in common: an address belongs to one
// balancer alone, and a port to one listener of an address.
#pragma once

#include <string>
#include <vector>

#include "cluster/api/elb/elb_lookup.h"

namespace ikada::elb {

struct CertificateInput {
  std::string arn = {};
};
void describe(JsonFields& fields, CertificateInput& input);

// CertificateNotFound. Those that are records are touched: they cannot be deleted meanwhile.
Result<void> use_certificates(Proposal& proposal,
                              const ApiCall& call,
                              const State& state,
                              const std::vector<CertificateInput>& inputs);

// The port and what speaks on it. DuplicateListener for one of this balancer,
// InvalidConfigurationRequest for one that somebody else has. A balancer with an address of its own
// shares its ports with nobody.
Result<void> take_port(Proposal& proposal,
                       const ApiCall& call,
                       const State& state,
                       const LoadBalancer& balancer,
                       const Listener& listener);
void release_port(Proposal& proposal,
                  const ApiCall& call,
                  const State& state,
                  const Listener& listener);

// An address of the pool for a new balancer; none without a pool. TooManyLoadBalancers if all are
// taken.
Result<void> take_address(Proposal& proposal,
                          const ApiCall& call,
                          const State& state,
                          LoadBalancer& balancer);
void release_address(Proposal& proposal,
                     const ApiCall& call,
                     const State& state,
                     const LoadBalancer& balancer);

// The protocol, certificates and policy go together. ValidationError, CertificateNotFound,
// SSLPolicyNotFound, UnsupportedProtocol.
Result<void> check_protocol(const LoadBalancer& balancer, const Listener& listener);

// What the listener does with connections or requests, and what its groups' targets speak.
// ValidationError, InvalidConfigurationRequest.
Result<void> check_actions(const ScopeState& scope,
                           const LoadBalancer& balancer,
                           const Listener& listener,
                           const std::vector<ListenerAction>& actions);

void remove_listener(Proposal& proposal,
                     const ApiCall& call,
                     const State& state,
                     const Kept<Listener>& listener);

// Those that can be asked for, newest first.
inline constexpr std::string_view kSslPolicies[] = {"ELBSecurityPolicy-TLS13-1-2-2021-06",
                                                    "ELBSecurityPolicy-TLS13-1-3-2021-06",
                                                    "ELBSecurityPolicy-TLS-1-2-2017-01",
                                                    "ELBSecurityPolicy-2016-08"};

}  // namespace ikada::elb
