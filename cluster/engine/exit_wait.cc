#include "cluster/engine/exit_wait.h"

#include <unistd.h>

#include "cluster/engine/active_mark.h"
#include "cluster/engine/attach_client.h"
#include "cluster/engine/live_status.h"

namespace ikada {
namespace {

// The exit code from the monitor's last message; a container with --rm leaves no other trace.
Result<int> hear_exit(const EngineLayout& layout, const std::string& id) {
  IK_LET(client, AttachClient::connect(layout.attach_socket(id)));
  const AttachOptions options{.stdout_fd = -1, .stderr_fd = -1, .forward_signals = false};
  IK_LET(end, client.copy(options, nullptr));
  if (!end.exit.has_value()) return make_error(ErrorKind::kUnavailable, "the monitor is gone");
  return end.exit->exit_code;
}

}  // namespace

Result<int> wait_for_exit(const EngineLayout& layout, const std::string& id) {
  while (true) {
    const Result<int> code = hear_exit(layout, id);
    if (code.has_value()) {
      // As docker: when `wait` returns, a container with --rm is gone.
      wait_until_unattended(layout, id);
      return *code;
    }
    const LiveStatus status = live_status(layout, id);
    if (!status.is_running()) return status.exit_code;
    // It runs, but its monitor is gone or about to write the exit record.
    if (!is_looked_after(layout, id)) {
      return make_error(ErrorKind::kUnavailable, "the monitor of container {} is gone", id);
    }
    constexpr unsigned kPauseUs = 20'000;
    ::usleep(kPauseUs);
  }
}

}  // namespace ikada
