// `ikada logs` and `ikada exec` on another host of the cluster, by way of this manager's daemon
// (cluster/daemon/task_streams.h): our stdio there, its output here.
#pragma once

#include <string>
#include <vector>

#include "cmd/ikada/context.h"
#include "runtime/base/result.h"

namespace ikada {

struct RemoteCommand {
  std::string instance;            // The container instance's id.
  std::vector<std::string> words;  // "exec", "--tty", CONTAINER, "sh".
  bool has_stdin = false;
  bool has_terminal = false;
  bool hands_on_signals = false;  // Ctrl-C ends the program there; otherwise it ends us.
};

// The exit status there. kUnavailable if the connection, or the daemon, ended before it.
Result<int> run_on_instance(const Context& context, const RemoteCommand& command);

}  // namespace ikada
