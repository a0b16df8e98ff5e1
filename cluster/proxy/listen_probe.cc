#include "cluster/proxy/listen_probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "runtime/base/unique_fd.h"

namespace ikada {

Result<void> probe_listening(const std::string& address, std::uint16_t port, ProbeAs as) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  if (!address.empty() && ::inet_pton(AF_INET, address.c_str(), &at.sin_addr) != 1) {
    return make_error(ErrorKind::kInvalid, "not an IPv4 address: {}", address);
  }
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno_error("socket");
  const int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  ::setsockopt(socket.get(), IPPROTO_IP, IP_FREEBIND, &yes, sizeof yes);
  if (as == ProbeAs::kHaproxy) {
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  }
  // With SO_REUSEADDR alone two sockets may be bound, but not listen.
  const bool listens = ::bind(socket.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 &&
                       ::listen(socket.get(), 1) == 0;
  if (listens) return {};
  if (errno == EADDRINUSE) {
    return make_error(ErrorKind::kConflict, "port {} is taken by another program", port);
  }
  return errno_error("listen at {}:{}", address.empty() ? "0.0.0.0" : address, port);
}

}  // namespace ikada
