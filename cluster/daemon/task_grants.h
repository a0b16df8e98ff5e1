// What a manager gives a host for one of its tasks. Pure, but for the random bytes of keys.
//
// Source: Amazon ECS Developer Guide, "Task IAM role"; AWS SDKs Reference Guide, "Container
// credential provider".
#pragma once

#include <string>

#include "cluster/agent/assignments.h"
#include "cluster/api/api_call.h"
#include "cluster/state/state.h"
#include "runtime/base/clock.h"

namespace ikada {

// `what` is "credentials": {"RoleArn", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"}.
// "secrets": the values of those that its containers name, by valueFrom; all or an error.
// kNotFound for a task without a role and for secrets that are not there, kInvalid for anything
// else.
Result<Json> answer_for_task(const std::string& what,
                             const Assignment& assignment,
                             const ScopeState& scope,
                             const ApiOptions& options,
                             UnixNanos now);

// "arn:aws:iam::…:role/path/web" is "web"; "web" is itself.
std::string role_name_of(const std::string& arn);

}  // namespace ikada
