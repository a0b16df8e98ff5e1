#include "runtime/sys/notify_systemd.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "runtime/base/unique_fd.h"

namespace ikada {

Result<void> notify_systemd(std::string_view address, std::string_view state) {
  if (address.empty()) return {};
  sockaddr_un target{};
  target.sun_family = AF_UNIX;
  if ((address[0] != '/' && address[0] != '@') || address.size() >= sizeof(target.sun_path)) {
    return make_error(ErrorKind::kInvalid, "NOTIFY_SOCKET: not a socket's name: {}", address);
  }
  ::memcpy(target.sun_path, address.data(), address.size());
  if (address[0] == '@') target.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());

  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error("create a unix socket");
  const ssize_t sent = ::sendto(fd.get(),
                                state.data(),
                                state.size(),
                                MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&target),
                                length);
  if (sent < 0) return errno_error("notify {}", address);
  return {};
}

}  // namespace ikada
