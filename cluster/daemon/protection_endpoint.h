// How a task asks for its own protection from scale-in, and what it is answered. Pure.
//
//   PUT $ECS_AGENT_URI/task-protection/v1/state  {"ProtectionEnabled": true, "ExpiresInMinutes":
//   60} GET $ECS_AGENT_URI/task-protection/v1/state
//
// Source: Amazon ECS Developer Guide, "Task scale-in protection endpoint".
#pragma once

#include <string>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

// What UpdateTaskProtection takes, without cluster and task; null for a GET. kInvalid.
Result<Json> protection_request(const std::string& method, const std::string& body);

struct ProtectionReply {
  unsigned status = 200;
  Json body = {};  // {"protection"}, {"failure"} or {"error"}.
};
// Of what UpdateTaskProtection or GetTaskProtection answered for this task.
ProtectionReply protection_reply(const Result<Json>& answer, const std::string& task_arn);

}  // namespace ikada
