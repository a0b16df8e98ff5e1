#include "cmd/ikada/api_client.h"

#include <utility>

namespace ikada {
namespace {

constexpr size_t kMaxReply = size_t{64} << 20;
constexpr int kHttpOk = 200;
constexpr int kHttpServerError = 500;

Error refusal_of(const Json& body, int status) {
  Error error =
      make_error(status >= kHttpServerError ? ErrorKind::kUnavailable : ErrorKind::kInvalid,
                 "the manager answered with HTTP status {}",
                 status);
  if (!body.is_object()) return error;
  error.code = body.value("__type", "");
  error.message = body.value("message", error.message);
  const bool is_missing =
      error.code.ends_with("NotFoundException") || error.code.ends_with("NotFound");
  if (is_missing) error.kind = ErrorKind::kNotFound;
  return error;
}

}  // namespace

Result<Json> read_api_answer(const DaemonAnswer& answer) {
  Result<Json> body = parse_json(answer.body, {.max_bytes = kMaxReply});
  if (answer.status != kHttpOk) return refusal_of(body.value_or(Json()), answer.status);
  if (!body.has_value()) return std::move(body.error());
  return body;
}

Result<Json> ApiClient::call(std::string_view action, const Json& input) const {
  return ask(fmt::format("AmazonEC2ContainerServiceV20141113.{}", action), input);
}

Result<Json> ApiClient::call_balancing(std::string_view action, const Json& input) const {
  return ask(fmt::format("ElasticLoadBalancing_v10.{}", action), input);
}

Result<Json> ApiClient::call_logs(std::string_view action, const Json& input) const {
  return ask(fmt::format("Logs_20140328.{}", action), input);
}

Result<Json> ApiClient::call_metrics(std::string_view action, const Json& input) const {
  return ask(fmt::format("GraniteServiceVersion20100801.{}", action), input);
}

Result<Json> ApiClient::call_certificates(std::string_view action, const Json& input) const {
  return ask(fmt::format("CertificateManager.{}", action), input);
}

Result<Json> ApiClient::ask(const std::string& target, const Json& input) const {
  Result<DaemonAnswer> answer =
      ask_daemon(socket_,
                 {.content_type = "application/x-amz-json-1.1",
                  .headers = fmt::format("X-Amz-Target: {}\r\n", target),
                  .body = input.dump(-1, ' ', false, Json::error_handler_t::replace)});
  if (!answer.has_value() && answer.error().kind == ErrorKind::kNotFound) {
    return make_error(ErrorKind::kUnavailable,
                      "no manager answers at {}: is ikadad running, and this host a manager?",
                      socket_);
  }
  if (!answer.has_value()) return std::move(answer.error());
  return read_api_answer(*answer);
}

Result<Json> ApiClient::list(std::string_view action, Json input, const std::string& member) const {
  Json all = Json::array();
  while (true) {
    IK_LET(page, call(action, input));
    for (Json& each : page[member]) all.push_back(std::move(each));
    if (!page.contains("nextToken")) return all;
    input["nextToken"] = page["nextToken"];
  }
}

}  // namespace ikada
