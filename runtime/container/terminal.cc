#include "runtime/container/terminal.h"

#include <sys/socket.h>

#include "runtime/sys/unix_socket.h"

namespace ikada {

Result<void> hand_over_terminal(int console_fd,
                                const std::string& console_socket,
                                const UniqueFd& master) {
  if (!master) return {};
  if (console_fd >= 0) return send_descriptor(console_fd, master.get());
  IK_LET(socket, connect_unix(console_socket, SOCK_STREAM).context("console socket"));
  return send_descriptor(socket.get(), master.get());
}

Result<void> check_console(bool terminal, int console_fd, const std::string& console_socket) {
  if (terminal && console_fd < 0 && console_socket.empty()) {
    return make_error(ErrorKind::kInvalid, "a terminal needs a console socket");
  }
  if (!terminal && !console_socket.empty()) {
    return make_error(ErrorKind::kInvalid, "a console socket is of no use without a terminal");
  }
  return {};
}

}  // namespace ikada
