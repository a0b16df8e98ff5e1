// What a host shows to join the cluster: "IKADA-1-AUTHORITY-SECRET".
//
// AUTHORITY is the digest of the cluster's authority (authority_digest()), so that the host knows
// whom it speaks to before it says the SECRET, 128 random bits in 25 digits of base 36. The cluster
// keeps only the secret's SHA-256.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "cluster/auth/secret.h"
#include "runtime/base/result.h"

namespace ikada::auth {

struct JoinToken {
  std::string authority;
  Secret secret;
};

Result<JoinToken> parse_join_token(std::string_view text);
Secret to_text(const JoinToken& token);

// 128 bits from the kernel.
Secret generate_join_secret();

// The number that `bytes` are, the first one the highest, in `digits` digits of base 36, lower
// case.
std::string to_base36(std::span<const std::uint8_t> bytes, size_t digits);

}  // namespace ikada::auth
