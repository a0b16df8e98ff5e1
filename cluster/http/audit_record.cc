#include "cluster/http/audit_record.h"

#include <algorithm>
#include <array>

#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr const char* kHidden = "HIDDEN_DUE_TO_SECURITY_REASONS";
constexpr const char* kOmitted = "OMITTED_BECAUSE_OF_ITS_SIZE";
constexpr size_t kMaxResources = 24;
constexpr size_t kMaxText = 1024;
constexpr int kMaxDepth = 6;

bool is_any_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_secret_member(std::string_view name) {
  return is_any_of(name,
                   {"SecretString",
                    "SecretBinary",
                    "secretString",
                    "secretBinary",
                    "secretAccessKey",
                    "PrivateKey",
                    "logEvents",
                    "token",
                    "password"});
}

// Options of drivers have names of their own: "splunk-token".
bool sounds_secret(std::string_view name) {
  const std::string lower = lower_case(name);
  return lower.find("token") != std::string::npos || lower.find("secret") != std::string::npos ||
         lower.find("password") != std::string::npos;
}

Json hide_values(const Json& json, bool is_environment, bool is_options, int depth);

Json hide_members(const Json& json, bool is_environment, bool is_options, int depth) {
  Json masked = Json::object();
  for (const auto& [name, value] : json.items()) {
    const bool is_hidden = is_secret_member(name) || (is_environment && name == "value") ||
                           (is_options && value.is_string() && sounds_secret(name));
    if (is_hidden) {
      masked[name] = kHidden;
    } else {
      masked[name] = hide_values(
          value, name == "environment", name == "options" || name == "driverOpts", depth + 1);
    }
  }
  return masked;
}

Json hide_values(const Json& json, bool is_environment, bool is_options, int depth) {
  constexpr int kDeepest = 32;
  if (depth > kDeepest) return kOmitted;
  if (json.is_object()) return hide_members(json, is_environment, is_options, depth);
  if (!json.is_array()) return json;
  Json masked = Json::array();
  for (const Json& each : json) {
    masked.push_back(hide_values(each, is_environment, is_options, depth + 1));
  }
  return masked;
}

void add_resource(std::vector<std::string>& resources, const Json& value) {
  if (value.is_array()) {
    for (const Json& each : value) add_resource(resources, each);
    return;
  }
  if (!value.is_string() || resources.size() >= kMaxResources) return;
  std::string name = value.get<std::string>().substr(0, kMaxText);
  if (name.empty()) return;
  if (std::find(resources.begin(), resources.end(), name) != resources.end()) return;
  resources.push_back(std::move(name));
}

void collect_arns(const Json& json, int depth, std::vector<std::string>& resources) {
  if (depth > kMaxDepth) return;
  if (json.is_array()) {
    for (const Json& each : json) collect_arns(each, depth + 1, resources);
    return;
  }
  if (!json.is_object()) return;
  for (const auto& [name, value] : json.items()) {
    if (name == "arn" || name == "ARN" || name.ends_with("Arn")) {
      add_resource(resources, value);
    } else {
      collect_arns(value, depth + 1, resources);
    }
  }
}

Json identity_of(const AuditRecord& record) {
  Json identity = Json::object();
  const bool is_role = record.principal.find(":assumed-role/") != std::string::npos;
  if (record.uid.has_value()) {
    identity["type"] = "Local";
    identity["uid"] = *record.uid;
    identity["principalId"] = fmt::format("uid:{}", *record.uid);
  } else if (record.principal.empty()) {
    identity["type"] = "Unknown";
  } else {
    identity["type"] = record.principal.ends_with(":root") ? "Root"
                       : is_role                           ? "AssumedRole"
                                                           : "IAMUser";
    identity["principalId"] = record.principal;
  }
  if (!record.principal.empty()) identity["arn"] = record.principal;
  if (!record.account.empty()) identity["accountId"] = record.account;
  if (!record.access_key_id.empty()) {
    identity["accessKeyId"] = record.access_key_id.substr(0, kMaxText);
  }
  return identity;
}

Json record_json(const AuditRecord& record, UnixNanos now, const std::string& event_id) {
  Json json = {{"eventVersion", "1.11"},
               {"userIdentity", identity_of(record)},
               {"eventTime", format_rfc3339(now)},
               {"eventSource", record.source},
               {"eventName", record.name.substr(0, kMaxText)},
               {"awsRegion", record.region},
               {"sourceIPAddress", record.address},
               {"userAgent", record.user_agent.substr(0, kMaxText)},
               {"requestParameters", mask_secrets(record.parameters)},
               {"requestID", record.request_id},
               {"eventID", event_id},
               {"eventType", "AwsApiCall"},
               {"managementEvent", true},
               {"readOnly", record.is_read_only},
               {"recipientAccountId", record.account},
               {"eventCategory", "Management"}};
  if (!record.error_code.empty()) {
    json["errorCode"] = record.error_code.substr(0, kMaxText);
    json["errorMessage"] = record.error_message.substr(0, kMaxText);
  }
  if (!record.tls_version.empty()) {
    json["tlsDetails"] = {{"tlsVersion", record.tls_version},
                          {"cipherSuite", record.cipher},
                          {"clientProvidedHostHeader", record.host.substr(0, kMaxText)}};
  }
  json["resources"] = Json::array();
  for (const std::string& each : record.resources) json["resources"].push_back({{"ARN", each}});
  return json;
}

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string audit_line(const AuditRecord& record,
                       UnixNanos now,
                       const std::string& event_id,
                       const std::string& previous_hash) {
  Json json = record_json(record, now, event_id);
  json["previousHash"] = previous_hash;
  std::string line = text_of(json);
  if (line.size() <= kMaxAuditLine) return line;
  json["requestParameters"] = kOmitted;
  return text_of(json);
}

Json mask_secrets(const Json& json) { return hide_values(json, false, false, 0); }

std::vector<std::string> named_resources(const Json& request) {
  constexpr std::array kNames = {"cluster",
                                 "clusters",
                                 "clusterName",
                                 "service",
                                 "services",
                                 "serviceName",
                                 "task",
                                 "tasks",
                                 "taskDefinition",
                                 "taskDefinitions",
                                 "family",
                                 "containerInstance",
                                 "containerInstances",
                                 "resourceArn",
                                 "secretId",
                                 "SecretId",
                                 "Name",
                                 "repositoryName",
                                 "node",
                                 "name"};
  std::vector<std::string> resources;
  if (!request.is_object()) return resources;
  for (const char* name : kNames) {
    const auto found = request.find(name);
    if (found != request.end()) add_resource(resources, *found);
  }
  return resources;
}

std::vector<std::string> answered_resources(const Json& answer) {
  std::vector<std::string> resources;
  collect_arns(answer, 0, resources);
  return resources;
}

bool is_reading_action(std::string_view action) {
  constexpr std::array<std::string_view, 8> kReading = {
      "Describe", "List", "Get", "Discover", "Explain", "BatchGet", "Filter", "Lookup"};
  return std::any_of(kReading.begin(), kReading.end(), [&](std::string_view each) {
    return action.starts_with(each);
  });
}

}  // namespace ikada
