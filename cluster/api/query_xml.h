// Answers of AWS's Query protocol, from what an action has answered in JSON.
//
//   {"LoadBalancers": [{"Name": "web"}]}
//   -> <XResponse xmlns="…"><XResult><LoadBalancers><member><Name>web</Name></member>…
//
// Source: Smithy, "AWS Query protocol": lists have elements "member", errors are an ErrorResponse.
#pragma once

#include <string>
#include <string_view>

#include "cluster/api/reply.h"

namespace ikada {

// What the reply says in JSON, as XML; an error stays an error.
ApiReply xml_reply(std::string_view action, std::string_view xml_namespace, ApiReply reply);

}  // namespace ikada
