// One line of the audit log: who asked for what, from where, and what came of it. Pure.
//
// The members are those of AWS CloudTrail's records, so that tools for these read them; two are
// ours: `previousHash`, the SHA-256 of the line before, and `userIdentity.uid` of who came over a
// unix socket. What may be a secret (values of environment variables, secrets, tokens, passwords)
// stands there as HIDDEN_DUE_TO_SECURITY_REASONS.
//
// Source: AWS CloudTrail User Guide, "CloudTrail record contents", "userIdentity element".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/json.h"

namespace ikada {

struct AuditRecord {
  std::string source = {};  // "ecs.amazonaws.com"; "ikadad" for what root asks its own daemon.
  std::string name = {};    // "RunTask".
  std::string region = {};
  std::string account = {};
  std::string access_key_id = {};  // As claimed, if the signature was refused.
  std::string principal = {};      // An ARN; empty: nobody has been verified.
  std::optional<std::uint32_t> uid = {};
  std::string address = {};  // Where it came from.
  std::string user_agent = {};
  std::string tls_version = {};
  std::string cipher = {};
  std::string host = {};
  Json parameters = {};
  std::vector<std::string> resources = {};  // ARNs, and names as they were given.
  std::string request_id = {};
  std::string error_code = {};
  std::string error_message = {};
  bool is_read_only = false;
};

// The longest line: parameters that would make it longer are left out.
inline constexpr size_t kMaxAuditLine = size_t{64} << 10;

// Without the line's end, and without one inside.
std::string audit_line(const AuditRecord& record,
                       UnixNanos now,
                       const std::string& event_id,
                       const std::string& previous_hash);

// Without what may be a secret.
Json mask_secrets(const Json& json);

// The names of resources in a request ("cluster", "task", …) and the ARNs in an answer.
std::vector<std::string> named_resources(const Json& request);
std::vector<std::string> answered_resources(const Json& answer);

// Whether an action changes nothing: DescribeTasks, ListTasks.
bool is_reading_action(std::string_view action);

}  // namespace ikada
