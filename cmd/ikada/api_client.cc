#include "cmd/ikada/api_client.h"

#include <sys/socket.h>

#include <utility>

#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"
#include "runtime/sys/unix_socket.h"

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
  if (error.code.ends_with("NotFoundException")) error.kind = ErrorKind::kNotFound;
  return error;
}

}  // namespace

Result<Json> parse_api_reply(std::string_view response) {
  constexpr std::string_view kEndOfHead = "\r\n\r\n";
  constexpr std::uint64_t kHighestStatus = 599;
  const size_t end_of_head = response.find(kEndOfHead);
  // "HTTP/1.1 200 OK"
  const Cut version = cut(response.substr(0, response.find('\r')), ' ');
  const Result<std::uint64_t> status =
      parse_unsigned(cut(version.after, ' ').before, kHighestStatus);
  if (end_of_head == std::string_view::npos || !version.before.starts_with("HTTP/1.") ||
      !status.has_value()) {
    return make_error(ErrorKind::kUnavailable, "the manager's answer is cut off");
  }
  const bool is_ok = *status == kHttpOk;
  Result<Json> body =
      parse_json(response.substr(end_of_head + kEndOfHead.size()), {.max_bytes = kMaxReply});
  if (!is_ok) return refusal_of(body.value_or(Json()), static_cast<int>(*status));
  if (!body.has_value()) return std::move(body.error());
  return body;
}

Result<Json> ApiClient::call(std::string_view action, const Json& input) const {
  Result<UniqueFd> socket = connect_unix(socket_, SOCK_STREAM);
  if (!socket.has_value() && socket.error().kind == ErrorKind::kNotFound) {
    return make_error(ErrorKind::kUnavailable,
                      "no manager answers at {}: is ikadad running, and this host a manager?",
                      socket_);
  }
  if (!socket.has_value()) return std::move(socket.error());
  const std::string body = input.dump(-1, ' ', false, Json::error_handler_t::replace);
  IK_TRY(write_all(socket->get(),
                   fmt::format("POST / HTTP/1.1\r\nHost: ikada\r\nConnection: close\r\n"
                               "Content-Type: application/x-amz-json-1.1\r\n"
                               "X-Amz-Target: AmazonEC2ContainerServiceV20141113.{}\r\n"
                               "Content-Length: {}\r\n\r\n{}",
                               action,
                               body.size(),
                               body))
             .context("{}", socket_));
  IK_LET(response, read_fd(socket->get(), kMaxReply).context("{}", socket_));
  return parse_api_reply(response);
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
