// What any server's certificate says, in the words of AWS Certificate Manager, and whether what is
// to be imported goes together.
//
// Texts are PEM; nothing here trusts anybody.
//
// Source: RFC 5280; AWS Certificate Manager API Reference, CertificateDetail, ImportCertificate.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/auth/secret.h"
#include "runtime/base/result.h"

namespace ikada::auth {

struct CertificateDetails {
  std::string subject = {};              // "CN=web.example.com"
  std::string issuer = {};               // Likewise.
  std::string common_name = {};          // Of the subject; empty without one.
  std::string serial = {};               // "0a:1b:2c"
  std::vector<std::string> names = {};   // Domain names and addresses that it is for.
  std::string key_algorithm = {};        // EC_prime256v1, RSA_2048; empty for what AWS has not.
  std::string signature_algorithm = {};  // "ecdsa-with-SHA256"
  std::int64_t not_before_s = 0;         // Since 1970.
  std::int64_t not_after_s = 0;
  bool is_authority = false;
};

// Of the first certificate in the text. kInvalid for what is none.
Result<CertificateDetails> read_details(const std::string& certificate);

// A certificate with what belongs to it.
struct CertificateParts {
  std::string certificate = {};
  Secret key = {};
  std::string chain = {};  // Each signs the one before it; may be empty.
};

// In plain PEM, with line ends and nothing between: what a server reads. kInvalid unless the key is
// the certificate's and without a pass phrase, `certificate` is one alone, and the chain one.
Result<CertificateParts> check_parts(const CertificateParts& parts);

}  // namespace ikada::auth
