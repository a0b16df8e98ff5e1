#include "cluster/daemon/protection_endpoint.h"

#include <cmath>

#include "runtime/base/clock.h"

namespace ikada {
namespace {

constexpr unsigned kBadRequest = 400;
constexpr unsigned kServerError = 500;

ProtectionReply protection_error(unsigned status,
                                 const std::string& arn,
                                 const std::string& code,
                                 const std::string& message) {
  return {.status = status,
          .body = {{"error", {{"Arn", arn}, {"Code", code}, {"Message", message}}}}};
}

Json date_of(const Json& protection) {
  constexpr double kNanosPerSecond = 1e9;
  if (!protection.contains("expirationDate")) return nullptr;
  const double seconds = protection.value("expirationDate", 0.0);
  return format_rfc3339(static_cast<UnixNanos>(std::llround(seconds * kNanosPerSecond)));
}

}  // namespace

Result<Json> protection_request(const std::string& method, const std::string& body) {
  if (method == "GET") return Json(nullptr);
  const Result<Json> given = parse_json(body);
  if (!given.has_value() || !given->is_object()) {
    return make_error(ErrorKind::kInvalid, "UpdateTaskProtection: failed to decode request");
  }
  const auto enabled = given->find("ProtectionEnabled");
  if (enabled == given->end() || !enabled->is_boolean()) {
    return make_error(ErrorKind::kInvalid,
                      "Invalid request: does not contain 'ProtectionEnabled' field");
  }
  Json request = {{"protectionEnabled", *enabled}};
  const auto minutes = given->find("ExpiresInMinutes");
  if (minutes != given->end() && !minutes->is_null()) request["expiresInMinutes"] = *minutes;
  return request;
}

ProtectionReply protection_reply(const Result<Json>& answer, const std::string& task_arn) {
  if (!answer.has_value()) {
    const bool is_request = answer.error().kind == ErrorKind::kInvalid;
    return is_request
               ? protection_error(
                     kBadRequest, task_arn, "InvalidParameterException", answer.error().message)
               : protection_error(
                     kServerError, task_arn, "ServerException", answer.error().message);
  }
  if (answer->contains("__type")) {
    return protection_error(
        kBadRequest, task_arn, answer->value("__type", ""), answer->value("message", ""));
  }
  const Json& tasks = (*answer)["protectedTasks"];
  if (!tasks.empty()) {
    return {.status = 200,
            .body = {{"protection",
                      {{"TaskArn", task_arn},
                       {"ProtectionEnabled", tasks[0].value("protectionEnabled", false)},
                       {"ExpirationDate", date_of(tasks[0])}}}}};
  }
  std::string reason = "MISSING";
  const Json& failures = (*answer)["failures"];
  if (!failures.empty()) reason = failures[0].value("reason", reason);
  return {.status = 200,
          .body = {{"failure", {{"Arn", task_arn}, {"Reason", reason}, {"Detail", nullptr}}}}};
}

}  // namespace ikada
