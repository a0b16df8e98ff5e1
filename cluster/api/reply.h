// What an answer or an error looks like in AWS JSON 1.1.
//
// Source: Smithy, "AWS JSON 1.1 protocol": errors are an object with __type and message.
#pragma once

#include <string>

#include "runtime/base/error.h"
#include "runtime/base/json.h"

namespace ikada {

struct ApiReply {
  unsigned status = 200;
  std::string body;        // JSON.
  std::string request_id;  // For x-amzn-RequestId.
};

// A request id as AWS has them, 8-4-4-4-12 hexadecimal digits, of 32 digits.
std::string format_request_id(const std::string& hex);

ApiReply ok_reply(const Json& body);

// The error's code is its name; without one: kDenied is AccessDeniedException, kUnavailable and
// what is our own fault are ServerException (500), everything else is ClientException.
ApiReply error_reply(const Error& error);

// An error whose body is given whole, __type and message in it.
ApiReply refusal_reply(const Json& body);

// A request id as AWS has them, 8-4-4-4-12, of 32 hexadecimal digits.
std::string make_request_id(const std::string& hex);

}  // namespace ikada
