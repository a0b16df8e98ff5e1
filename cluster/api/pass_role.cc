#include "cluster/api/pass_role.h"

#include <optional>
#include <string>
#include <vector>

#include "cluster/auth/role_rights.h"
#include "runtime/base/text.h"

namespace ikada {

namespace {

// `role` is "arn:aws:iam::ACCOUNT:role/NAME", or only its name.
Result<void> check_role(const ApiCall& call, const std::optional<std::string>& role) {
  constexpr const char* kAction = "iam:PassRole";
  if (!role.has_value() || role->empty()) return {};
  const std::vector<std::string_view> parts = split(call.caller_arn, '/');
  const bool is_own = parts.size() > 1 && split(*role, '/').back() == parts[1];
  if (is_own || may_session(call.options.role_actions, call.caller_arn, kAction)) return {};
  return make_error(ErrorKind::kDenied,
                    "User: {} is not authorized to perform: {} on resource: {} because no entry of "
                    "task_roles allows it",
                    call.caller_arn,
                    kAction,
                    *role);
}

}  // namespace

Result<void> check_pass_role(const ApiCall& call, const TaskDefinition& definition) {
  if (call.caller_arn.find(":assumed-role/") == std::string::npos) return {};
  IK_TRY(check_role(call, definition.task_role_arn));
  return check_role(call, definition.execution_role_arn);
}

}  // namespace ikada
