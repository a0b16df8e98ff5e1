// What a server wants to see before it answers: the WWW-Authenticate header.
//
// Source: RFC 7235, sections 2.1 and 4.1.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ikada {

struct AuthChallenge {
  std::string scheme;                             // Lower case: "basic", "bearer".
  std::map<std::string, std::string> parameters;  // Names in lower case.
};

// The challenges of one header's value, in order. Reading stops at the first mistake; what came
// before it is returned.
std::vector<AuthChallenge> parse_auth_challenges(std::string_view value);

}  // namespace ikada
