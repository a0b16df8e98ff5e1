// What ARNs in requests of AWS Certificate Manager stand for, and who uses a certificate.
#pragma once

#include <string>
#include <vector>

#include "cluster/api/api_call.h"
#include "cluster/api/elb/elb_tags.h"
#include "cluster/api/outcome.h"
#include "cluster/state/state.h"

namespace ikada::acm {

// The one member of most requests.
struct CertificateInput {
  std::string arn = {};
};
void describe(JsonFields& fields, CertificateInput& input);

// InvalidArnException, ResourceNotFoundException. Files of /etc/ikada/certificates are none.
Result<const Kept<ServerCertificate>*> find_certificate(const ApiCall& call,
                                                        const State& state,
                                                        const std::string& arn);

// The ARNs of the load balancers with a listener that names the certificate.
std::vector<std::string> balancers_using(const ScopeState& scope, const std::string& arn);

// Seconds since 1970, as answers have them.
double shown_time(Timestamp time);

// InvalidTagException, TooManyTagsException.
Result<std::vector<Tag>> read_certificate_tags(const std::vector<elb::TagInput>& inputs);
Result<void> check_certificate_tags(const std::vector<Tag>& tags);

// Proposes the record as it is to be.
Outcome put_certificate(const ApiCall& call,
                        const ServerCertificate& certificate,
                        std::int64_t revision,
                        Json answer = Json::object());

}  // namespace ikada::acm
