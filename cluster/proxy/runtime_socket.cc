#include "cluster/proxy/runtime_socket.h"

#include <sys/socket.h>

#include <memory>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "runtime/base/text.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

namespace asio = boost::asio;

constexpr size_t kUsualAnswer = size_t{64} << 10;
constexpr size_t kMaxAnswer = size_t{64} << 20;

}  // namespace

Result<std::string> ask_haproxy(asio::io_context& loop,
                                const std::string& path,
                                const std::string& command,
                                const asio::yield_context& yield) {
  IK_LET(fd, connect_unix(path, SOCK_STREAM));
  const auto socket = std::make_shared<asio::posix::stream_descriptor>(loop, fd.release());
  asio::steady_timer limit(loop, kHaproxyPatience);
  limit.async_wait([socket](const boost::system::error_code& error) {
    boost::system::error_code ignored;
    if (!error) socket->close(ignored);
  });
  boost::system::error_code error;
  asio::async_write(*socket, asio::buffer(command + "\n"), yield[error]);
  // The master waits for more commands otherwise.
  ::shutdown(socket->native_handle(), SHUT_WR);
  std::string answer;
  answer.reserve(kUsualAnswer);
  if (!error) {
    asio::async_read(*socket, asio::dynamic_buffer(answer, kMaxAnswer), yield[error]);
  }
  limit.cancel();
  if (error == asio::error::operation_aborted) {
    return make_error(
        ErrorKind::kUnavailable, "HAProxy has not answered for {} s", kHaproxyPatience.count());
  }
  if (error != asio::error::eof) {
    return make_error(ErrorKind::kUnavailable,
                      "HAProxy does not answer \"{}\": {}",
                      command,
                      error ? error.message() : "too long");
  }
  return std::string(trim(answer));
}

}  // namespace ikada
