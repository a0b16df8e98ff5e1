#include "image/registry/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

namespace ikada::registry {
namespace {

constexpr int kBacklog = 1024;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Result<SocketAddress> socket_address(const ListenAddress& address) {
  SocketAddress result;
  auto* ipv4 = reinterpret_cast<sockaddr_in*>(&result.storage);
  if (::inet_pton(AF_INET, address.host.c_str(), &ipv4->sin_addr) == 1) {
    ipv4->sin_family = AF_INET;
    ipv4->sin_port = htons(address.port);
    result.size = sizeof(sockaddr_in);
    return result;
  }
  auto* ipv6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
  const std::string host = address.host.empty() ? "::" : address.host;
  if (::inet_pton(AF_INET6, host.c_str(), &ipv6->sin6_addr) == 1) {
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(address.port);
    result.size = sizeof(sockaddr_in6);
    return result;
  }
  return make_error(ErrorKind::kInvalid, "address {}: expected an IP address", address.host);
}

std::string host_text(const SocketAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
  const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
  const bool is_ipv6 = address.storage.ss_family == AF_INET6;
  const void* bytes = is_ipv6 ? static_cast<const void*>(&ipv6->sin6_addr) : &ipv4->sin_addr;
  ::inet_ntop(address.storage.ss_family, bytes, text.data(), text.size());
  const std::string host = text.data();
  constexpr std::string_view kMapped = "::ffff:";
  return host.starts_with(kMapped) && host.find('.') != std::string::npos
             ? host.substr(kMapped.size())
             : host;
}

std::uint16_t port_of(const SocketAddress& address) {
  // The port is at the same place in both.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
}

}  // namespace

Result<UniqueFd> listen_tcp(const ListenAddress& address) {
  IK_LET(place, socket_address(address));
  UniqueFd fd(
      ::socket(place.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!fd) return errno_error("socket");
  const int on = 1;
  const int off = 0;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (place.storage.ss_family == AF_INET6) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  }
  if (::bind(fd.get(), place.get(), place.size) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    const int error = errno;
    const std::string what = fmt::format("listen on {}:{}", address.host, address.port);
    if (error == EADDRINUSE) {
      return make_error(ErrorKind::kConflict, "{}: {}", what, errno_text(error));
    }
    return errno_error_from(error, what);
  }
  return fd;
}

Result<std::string> local_address(int socket) {
  SocketAddress address;
  address.size = sizeof(address.storage);
  if (::getsockname(socket, address.get(), &address.size) != 0) return errno_error("getsockname");
  const bool is_ipv6 = address.storage.ss_family == AF_INET6;
  const std::string host = host_text(address);
  return is_ipv6 ? fmt::format("[{}]:{}", host, port_of(address))
                 : fmt::format("{}:{}", host, port_of(address));
}

AcceptedClient accept_client(int listener) {
  SocketAddress address;
  address.size = sizeof(address.storage);
  AcceptedClient client;
  client.socket =
      UniqueFd(::accept4(listener, address.get(), &address.size, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (client.socket) client.peer = host_text(address);
  return client;
}

}  // namespace ikada::registry
