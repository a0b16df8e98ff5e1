#include "cluster/daemon/task_doors.h"

#include <sys/socket.h>

#include <algorithm>

#include "cluster/agent/endpoint_ids.h"
#include "runtime/sys/spawn.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {

Result<SteeredListener> open_task_door(const std::string& runtime_program, pid_t pid) {
  constexpr int kSocket = 3;
  IK_LET(pair, create_socket_pair(SOCK_SEQPACKET));
  SpawnOptions options;
  options.program = runtime_program;
  options.arguments = {"ikada-runtime", "task-endpoint", "--socket", std::to_string(kSocket)};
  if (pid != 0) {
    options.arguments.insert(options.arguments.end(), {"--pid", std::to_string(pid)});
  }
  options.arguments.insert(options.arguments.end(),
                           {kEndpointAddress, std::to_string(kEndpointPort)});
  options.fds = {{pair.theirs.get(), kSocket}};
  IK_LET(child, spawn(options));
  IK_LET(status, wait_for_child(child));
  if (status.shell_status() != 0) {
    return make_error(ErrorKind::kUnavailable,
                      "ikada-runtime task-endpoint ended with status {}",
                      status.shell_status());
  }
  IK_LET(listener, receive_descriptor(pair.ours.get()));
  IK_LET(link, receive_descriptor(pair.ours.get()));
  return SteeredListener{.listener = std::move(listener), .link = std::move(link)};
}

bool RequestRate::take(Clock::time_point now) {
  if (last_ != Clock::time_point()) {
    const std::chrono::duration<double> passed = now - last_;
    left_ = std::min(burst_, left_ + passed.count() * per_second_);
  }
  last_ = now;
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

}  // namespace ikada
