// The cluster's authority, as certificates of listeners are issued by it: the one in force.
//
// On the loop's thread.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "cluster/auth/certificates.h"

namespace ikada {

class CertificateIssuer {
 public:
  // From now on this one; what another has issued is renewed. kInvalid for what is none.
  Result<void> set(auth::CertificateAuthority authority) {
    IK_LET(digest, auth::authority_digest(authority.certificate()));
    digest_ = std::move(digest);
    authority_ = std::move(authority);
    return {};
  }

  // Null on a host that is in no cluster.
  const auth::CertificateAuthority* in_force() const {
    return authority_.has_value() ? &*authority_ : nullptr;
  }
  const std::string& digest() const { return digest_; }

 private:
  std::optional<auth::CertificateAuthority> authority_;
  std::string digest_;
};

}  // namespace ikada
