#include "image/registry/client_socket.h"

#include <sys/socket.h>

namespace ikada::registry {

void ClientSocket::close_both() {
  boost::system::error_code ignored;
  ::shutdown(socket_.native_handle(), SHUT_RDWR);
  socket_.cancel(ignored);
}

Result<void> ClientSocket::wait(Tcp::socket::wait_type what, const Yield& yield) {
  boost::system::error_code error;
  const Clock::time_point begin = Clock::now();
  deadline_ = patience_.deadline(begin);
  socket_.async_wait(what, yield[error]);
  deadline_ = Clock::time_point::max();
  patience_.waited(Clock::now() - begin);
  if (error) return make_error(ErrorKind::kUnavailable, "wait: {}", error.message());
  return {};
}

}  // namespace ikada::registry
