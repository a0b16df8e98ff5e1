#include "net/host_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/ipv4.h"
#include "runtime/base/text.h"

namespace ikada {

namespace {

sockaddr_in socket_address(const HostPort& wanted) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(wanted.ip);
  address.sin_port = htons(wanted.port);
  return address;
}

Result<UniqueFd> open_socket(const HostPort& wanted) {
  const int type = wanted.udp ? SOCK_DGRAM : SOCK_STREAM;
  UniqueFd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  if (!socket) return errno_error("socket");
  return socket;
}

// 0 or an errno value.
int bind_to(const UniqueFd& socket, const HostPort& wanted) {
  const sockaddr_in address = socket_address(wanted);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  return ::bind(socket.get(), generic, sizeof address) == 0 ? 0 : errno;
}

// 0 or an errno value.
int set_reuse_address(const UniqueFd& socket, bool on) {
  const int value = on ? 1 : 0;
  return setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &value, sizeof value) == 0 ? 0 : errno;
}

// A TCP port that only old connections in TIME_WAIT keep can be bound with SO_REUSEADDR. Such a
// bind also succeeds beside another bound socket with that option, so listening for a moment asks
// whether somebody else is there; without the option afterwards, nobody else gets in.
int bind_beside_old_connections(const UniqueFd& socket, const HostPort& wanted) {
  if (const int error = set_reuse_address(socket, true); error != 0) return error;
  if (const int error = bind_to(socket, wanted); error != 0) return error;
  if (listen(socket.get(), 0) < 0) return errno;
  // Back to merely bound: TCP keeps the port of a socket that was bound to a number.
  if (shutdown(socket.get(), SHUT_RD) < 0) return errno;
  return set_reuse_address(socket, false);
}

}  // namespace

Result<BoundPort> bind_host_port(const HostPort& wanted) {
  IK_LET(socket, open_socket(wanted));
  int error = bind_to(socket, wanted);
  if (error == EADDRINUSE && !wanted.udp && wanted.port != 0) {
    IK_LET(second, open_socket(wanted));
    error = bind_beside_old_connections(second, wanted);
    socket = std::move(second);
  }
  if (error != 0) {
    Error failure = errno_error_from(error, "");
    if (error == EADDRINUSE) failure.kind = ErrorKind::kConflict;
    failure.message = fmt::format("listen {} {}:{}: bind: {}",
                                  wanted.udp ? "udp4" : "tcp4",
                                  format_ipv4(wanted.ip),
                                  wanted.port,
                                  lower_case(errno_text(error)));
    return failure;
  }
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size) < 0) {
    return errno_error("getsockname");
  }
  return BoundPort{.socket = std::move(socket), .port = ntohs(bound.sin_port)};
}

}  // namespace ikada
