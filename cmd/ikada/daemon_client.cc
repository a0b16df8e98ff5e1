#include "cmd/ikada/daemon_client.h"

#include <sys/socket.h>

#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

constexpr size_t kMaxAnswer = size_t{64} << 20;

}  // namespace

Result<DaemonAnswer> parse_daemon_answer(std::string_view response) {
  constexpr std::string_view kEndOfHead = "\r\n\r\n";
  constexpr std::uint64_t kHighestStatus = 599;
  const size_t end_of_head = response.find(kEndOfHead);
  // "HTTP/1.1 200 OK"
  const Cut version = cut(response.substr(0, response.find('\r')), ' ');
  const Result<std::uint64_t> status =
      parse_unsigned(cut(version.after, ' ').before, kHighestStatus);
  if (end_of_head == std::string_view::npos || !version.before.starts_with("HTTP/1.") ||
      !status.has_value()) {
    return make_error(ErrorKind::kUnavailable, "the daemon's answer is cut off");
  }
  return DaemonAnswer{.status = static_cast<int>(*status),
                      .body = std::string(response.substr(end_of_head + kEndOfHead.size()))};
}

Result<DaemonAnswer> ask_daemon(const std::string& socket, const DaemonRequest& request) {
  Result<UniqueFd> connection = connect_unix(socket, SOCK_STREAM);
  if (!connection.has_value() && connection.error().kind == ErrorKind::kNotFound) {
    return make_error(ErrorKind::kNotFound, "nobody listens at {}", socket);
  }
  if (!connection.has_value()) return std::move(connection.error());
  IK_TRY(write_all(connection->get(),
                   fmt::format("{} {} HTTP/1.1\r\nHost: ikada\r\nConnection: close\r\n"
                               "Content-Type: {}\r\n{}Content-Length: {}\r\n\r\n{}",
                               request.method,
                               request.target,
                               request.content_type,
                               request.headers,
                               request.body.size(),
                               request.body))
             .context("{}", socket));
  IK_LET(response, read_fd(connection->get(), kMaxAnswer).context("{}", socket));
  return parse_daemon_answer(response);
}

}  // namespace ikada
