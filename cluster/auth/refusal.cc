#include "cluster/auth/refusal.h"

#include <array>
#include <string>

namespace ikada::auth {
namespace {

struct Names {
  Refusal refusal;
  std::string_view json;
  std::string_view query;
};
constexpr std::array kNames = {
    Names{Refusal::kMissingToken,
          "MissingAuthenticationTokenException",
          "MissingAuthenticationToken"},
    Names{Refusal::kIncomplete, "IncompleteSignatureException", "IncompleteSignature"},
    Names{Refusal::kInvalidSignature, "InvalidSignatureException", "SignatureDoesNotMatch"},
    Names{Refusal::kUnrecognizedClient, "UnrecognizedClientException", "InvalidClientTokenId"},
    Names{Refusal::kExpiredToken, "ExpiredTokenException", "ExpiredToken"},
};

}  // namespace

std::string_view json_code(Refusal refusal) {
  for (const Names& each : kNames) {
    if (each.refusal == refusal) return each.json;
  }
  return "";
}

std::string_view query_code(std::string_view json_code) {
  for (const Names& each : kNames) {
    if (each.json == json_code) return each.query;
  }
  return json_code;
}

int query_status(std::string_view query_code) {
  return query_code == "IncompleteSignature" ? 400 : 403;
}

Error refuse(Refusal refusal, std::string_view message) {
  return Error{.kind = ErrorKind::kDenied,
               .message = std::string(message),
               .code = std::string(json_code(refusal))};
}

}  // namespace ikada::auth
