// Bearer tokens: JSON Web Tokens that this registry signs and reads itself, with HMAC-SHA-256.
//
// One algorithm, one key, one meaning: a token whose header says anything else than HS256 is
// refused before anything in it is believed.
//
// Source: RFC 7515, RFC 7519; distribution, "Token Authentication Implementation".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "image/registry/access.h"
#include "runtime/base/result.h"

namespace ikada::registry {

struct TokenClaims {
  std::string user;     // Empty for nobody in particular.
  std::string service;  // Which registry it is for.
  std::int64_t issued_at_s = 0;
  std::int64_t expires_at_s = 0;
  std::vector<Grant> grants;
};

std::string sign_token(const TokenClaims& claims, std::string_view key);

// UNAUTHORIZED if it was not signed with `key`, is for another service, or `now_s` is not within
// its time.
Result<TokenClaims> verify_token(std::string_view text,
                                 std::string_view key,
                                 std::string_view service,
                                 std::int64_t now_s);

// The key of ROOT/token.key, which is made if it is not there: 32 random bytes.
Result<std::string> load_token_key(const std::string& path);

}  // namespace ikada::registry
