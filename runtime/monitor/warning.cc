#include "runtime/monitor/warning.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/core.h>

#include "runtime/base/unique_fd.h"

namespace ikada {

void warn_system_log(std::string_view message) {
  constexpr int kDaemonWarning = 3 * 8 + 4;
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = "/dev/log"};
  if (!fd) return;
  const std::string line =
      fmt::format("<{}>ikada-runtime[{}]: {}", kDaemonWarning, ::getpid(), message);
  static_cast<void>(::sendto(fd.get(),
                             line.data(),
                             line.size(),
                             MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address),
                             sizeof address));
}

}  // namespace ikada
