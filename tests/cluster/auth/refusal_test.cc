#include "cluster/auth/refusal.h"

#include <doctest/doctest.h>

namespace ikada::auth {

TEST_CASE("a refusal has the names of both kinds of services") {
  const Error error = refuse(Refusal::kInvalidSignature, "why");
  CHECK(error.kind == ErrorKind::kDenied);
  CHECK(error.message == "why");
  CHECK(error.code == "InvalidSignatureException");
  CHECK(query_code(error.code) == "SignatureDoesNotMatch");

  CHECK(query_code(json_code(Refusal::kMissingToken)) == "MissingAuthenticationToken");
  CHECK(query_code(json_code(Refusal::kIncomplete)) == "IncompleteSignature");
  CHECK(query_code(json_code(Refusal::kUnrecognizedClient)) == "InvalidClientTokenId");
  CHECK(query_code(json_code(Refusal::kExpiredToken)) == "ExpiredToken");
  CHECK(query_code("AccessDeniedException") == "AccessDeniedException");
  CHECK(query_status("SignatureDoesNotMatch") == 403);
  CHECK(query_status("IncompleteSignature") == 400);
}

}  // namespace ikada::auth
