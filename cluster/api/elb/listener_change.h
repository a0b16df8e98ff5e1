// What making and removing a listener have in common: its port belongs to it alone.
#pragma once

#include <string>
#include <vector>

#include "cluster/api/elb/elb_lookup.h"

namespace ikada::elb {

struct CertificateInput {
  std::string arn = {};
};
void describe(JsonFields& fields, CertificateInput& input);

// CertificateNotFound, ValidationError.
Result<void> check_certificates(const ApiCall& call, const std::vector<CertificateInput>& inputs);

// The port and what speaks on it. DuplicateListener for one of this balancer,
// InvalidConfigurationRequest for one that somebody else has.
Result<void> take_port(Proposal& proposal,
                       const ApiCall& call,
                       const State& state,
                       const Listener& listener);
void release_port(Proposal& proposal,
                  const ApiCall& call,
                  const State& state,
                  const Listener& listener);

// The protocol, certificates and policy go together. ValidationError, CertificateNotFound,
// SSLPolicyNotFound, UnsupportedProtocol.
Result<void> check_protocol(const Listener& listener);

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
