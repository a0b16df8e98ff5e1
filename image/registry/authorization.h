// What a request says about who sends it: the Authorization header.
//
// Source: RFC 7617 (Basic), RFC 6750 (Bearer).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "runtime/base/result.h"

namespace ikada::registry {

struct BasicAuthorization {
  std::string user;
  std::string password;
};

struct BearerAuthorization {
  std::string token;
};

using Authorization = std::variant<std::monostate, BasicAuthorization, BearerAuthorization>;

// monostate for an empty header. UNAUTHORIZED for another scheme or what cannot be read; the
// message never quotes the header.
Result<Authorization> parse_authorization(std::string_view header);

// `value` as a quoted-string of a challenge: what could end the string is left out.
std::string quoted(std::string_view value);

// "Basic realm=…".
std::string basic_challenge(std::string_view realm);

// "Bearer realm=…,service=…,scope=…"; an empty scope is left out.
std::string bearer_challenge(std::string_view realm,
                             std::string_view service,
                             std::string_view scope);

}  // namespace ikada::registry
