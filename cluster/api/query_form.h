// Requests of AWS's Query protocol as JSON: what clients of Elastic Load Balancing send.
//
//   Action=CreateListener&Version=2015-12-01&Port=80&DefaultActions.member.1.Type=forward
//   -> CreateListener  {"Port": 80, "DefaultActions": [{"Type": "forward"}]}
//
// A form knows no types; which members are lists, numbers or truth values is known by name. A value
// that is no number where one is expected stays text, which the action then refuses.
//
// Source: Smithy, "AWS Query protocol".
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct QueryCall {
  std::string action = {};
  std::string version = {};
  Json body = Json::object();
};

// kInvalid for text that is no such form, names a member twice or nests too deeply.
Result<QueryCall> parse_query_form(std::string_view form);

}  // namespace ikada
