#include "cluster/daemon/task_grants.h"

#include "cluster/api/vault.h"

namespace ikada {
namespace {

constexpr UnixNanos kSessionNanos = UnixNanos{3600} * 1'000'000'000;
constexpr size_t kToSeconds = 19;  // "2026-11-27T06:00:00"

Result<Json> credentials_of(const Assignment& assignment,
                            const ApiOptions& options,
                            UnixNanos now) {
  const TaskDefinition definition =
      apply_overrides(assignment.definition, assignment.task.overrides);
  const std::string role = definition.task_role_arn.value_or("");
  if (role.empty()) return make_error(ErrorKind::kNotFound, "the task has no role");
  if (options.vault == nullptr) {
    return make_error(ErrorKind::kUnavailable, "this manager makes no credentials");
  }
  const std::string principal = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}",
                                            assignment.scope.account,
                                            role_name_of(role),
                                            assignment.task.id);
  IK_LET(key, options.vault->make_session(principal, now + kSessionNanos));
  return Json{{"RoleArn", role},
              {"AccessKeyId", key.id},
              {"SecretAccessKey", key.secret.reveal()},
              {"Token", key.session_token.reveal()},
              {"Expiration", format_rfc3339(*key.expires_at).substr(0, kToSeconds) + "Z"}};
}

Result<std::string> open_secret(const std::string& value_from,
                                const ScopeState& scope,
                                const Vault& vault) {
  IK_LET(reference, parse_secret_reference(value_from));
  for (const std::string& name : reference.names) {
    const auto secret = scope.secrets.find(secret_record_name(name));
    if (secret == scope.secrets.end()) continue;
    IK_LET(value, vault.open(sealed_name_of(name), secret->second.value.sealed));
    return select_secret(std::string(value.reveal()), reference).context("secret {}", name);
  }
  return make_error(ErrorKind::kNotFound, "{} is no secret of this cluster", value_from);
}

Result<Json> secrets_of(const Assignment& assignment,
                        const ScopeState& scope,
                        const ApiOptions& options) {
  if (options.vault == nullptr) {
    return make_error(ErrorKind::kUnavailable, "this manager keeps no secrets");
  }
  Json values = Json::object();
  for (const ContainerDefinition& container : assignment.definition.container_definitions) {
    if (!container.secrets.has_value()) continue;
    for (const Secret& each : *container.secrets) {
      IK_LET(value, open_secret(each.value_from, scope, *options.vault));
      values[each.value_from] = std::move(value);
    }
  }
  return values;
}

}  // namespace

std::string role_name_of(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }

Result<Json> answer_for_task(const std::string& what,
                             const Assignment& assignment,
                             const ScopeState& scope,
                             const ApiOptions& options,
                             UnixNanos now) {
  if (what == "secrets") return secrets_of(assignment, scope, options);
  if (what == "credentials") return credentials_of(assignment, options, now);
  return make_error(ErrorKind::kInvalid, "no such question: {}", what);
}

}  // namespace ikada
