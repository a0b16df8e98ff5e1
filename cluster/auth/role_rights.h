// What sessions of task roles may do. Nothing, unless cluster.yaml says so: a role's name is only
// a name here, and a task must not get the cluster because its definition was written for AWS.
//
//   task_roles:
//     deployer: ["ecs:*"]
//     reader: ["ecs:Describe*", "ecs:List*"]
//
// Pure.
//
// Source: IAM User Guide, "IAM JSON policy elements: Action".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ikada {

using RoleActions = std::map<std::string, std::vector<std::string>>;

// `principal` is "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION", `action` "ecs:RunTask".
bool may_session(const RoleActions& rights, const std::string& principal, std::string_view action);

}  // namespace ikada
