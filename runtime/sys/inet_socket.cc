#include "runtime/sys/inet_socket.h"

#include <errno.h>
#include <sys/socket.h>

namespace ikada {

Result<UniqueFd> open_inet_socket(int family, int type) {
  UniqueFd fd(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno_error("socket");
  return fd;
}

Result<UniqueFd> accept_connection(int listener) {
  while (true) {
    UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd) return fd;
    if (errno == EAGAIN) return make_error(ErrorKind::kUnavailable, "accept: nobody waits");
    // A client that is gone already is no error of the listener.
    if (errno != EINTR && errno != ECONNABORTED) return errno_error("accept");
  }
}

}  // namespace ikada
