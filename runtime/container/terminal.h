// Giving a container's terminal to whoever asked for it.
#pragma once

#include <string>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

// Sends the pty's master to the connected socket `console_fd`, or to the one that listens at
// `console_socket`. Without a master there is nothing to do.
Result<void> hand_over_terminal(int console_fd,
                                const std::string& console_socket,
                                const UniqueFd& master);

// kInvalid if a terminal is wanted and nobody would get it.
Result<void> check_console(bool terminal, int console_fd, const std::string& console_socket);

}  // namespace ikada
