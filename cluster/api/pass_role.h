// Who may have tasks run with a role: their sessions may do what the role may.
//
// Pure.
//
// Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
#pragma once

#include "cluster/api/api_call.h"
#include "cluster/model/task_definition.h"

namespace ikada {

// AccessDeniedException for a session of a role that hands on another one as the task's or the
// execution role, unless its entry in task_roles has iam:PassRole. Keys may hand on any.
Result<void> check_pass_role(const ApiCall& call, const TaskDefinition& definition);

}  // namespace ikada
