// Why a request was not let in, in AWS's words.
//
// A refusal is an Error of kind kDenied whose `code` is the name that JSON services answer; the
// Query services (elasticloadbalancing, sts, ...) have other names and statuses for the same.
//
// Source: the common errors of the API references of Amazon ECS and Elastic Load Balancing.
#pragma once

#include <string_view>

#include "runtime/base/error.h"

namespace ikada::auth {

enum class Refusal {
  kMissingToken,        // No signature at all.
  kIncomplete,          // One that cannot be read.
  kInvalidSignature,    // It does not fit the request, or its time or scope is wrong.
  kUnrecognizedClient,  // No such key, or a session token that is not the key's.
  kExpiredToken,
};

Error refuse(Refusal refusal, std::string_view message);

// "InvalidSignatureException".
std::string_view json_code(Refusal refusal);

// The name of the same refusal in Query services: "SignatureDoesNotMatch" for
// "InvalidSignatureException". Other codes stay as they are.
std::string_view query_code(std::string_view json_code);

// The HTTP status of a Query answer with that code; JSON services always answer 400.
int query_status(std::string_view query_code);

}  // namespace ikada::auth
