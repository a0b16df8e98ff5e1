#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/cgroup/cgroup.h"
#include "runtime/container/channel.h"
#include "runtime/container/create.h"
#include "runtime/container/hooks.h"
#include "runtime/container/state_directory.h"
#include "runtime/sys/spawn.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

Error wrong_status(const std::string& id, ContainerStatus status, std::string_view wanted) {
  return make_error(
      ErrorKind::kConflict, "container {} is {}, not {}", id, status_name(status), wanted);
}

// The config is needed only for its words, so it is read only here.
Error exec_error(const InitReport& report, const ContainerState& state) {
  const Result<OciConfig> config = load_oci_config(state.bundle);
  if (!config.has_value()) return errno_error_from(report.error, "exec");
  return describe_program_failure(report, config->process);
}

Result<void> run_poststart_hooks(const ContainerState& state) {
  IK_LET(config, load_oci_config(state.bundle));
  return run_runtime_hooks(config.hooks.poststart, state, ContainerStatus::kRunning, "poststart");
}

Result<Cgroup> open_running_cgroup(const std::string& state_root,
                                   const ContainerState& state,
                                   ContainerStatus wanted) {
  const ContainerStatus status = current_status(state_root, state);
  if (status != wanted) return wrong_status(state.id, status, status_name(wanted));
  return Cgroup::open(state.cgroup_path);
}

}  // namespace

Result<void> start_container(const std::string& state_root, const std::string& id) {
  IK_LET(directory, StateDirectory::open(state_root, id));
  IK_LET(state, directory.load());
  const ContainerStatus status = current_status(state_root, state);
  if (status != ContainerStatus::kCreated) return wrong_status(id, status, "created");
  IK_LET(connection, connect_unix(directory.start_socket(), SOCK_SEQPACKET));
  // Whoever comes after this must not find a container that waits: if we die now, the first process
  // sees the connection end and ends too.
  if (::unlink(directory.start_socket().c_str()) != 0) return errno_error("unlink start.sock");
  IK_TRY(send_go(connection.get()));
  IK_LET(reply, receive_report(connection.get()));
  if (reply.is_there) return exec_error(reply.report, state);
  if (!state.has_poststart_hooks) return {};
  return run_poststart_hooks(state);
}

Result<void> kill_container(const std::string& state_root,
                            const std::string& id,
                            int signal,
                            bool all) {
  IK_LET(state, load_state(state_root, id));
  if (all && !state.cgroup_path.empty()) {
    IK_LET(cgroup, Cgroup::open(state.cgroup_path));
    if (signal == SIGKILL) return cgroup.kill();
    IK_LET(processes, cgroup.processes());
    for (const pid_t each : processes) {
      const Result<UniqueFd> pidfd = open_pidfd(each);
      if (!pidfd.has_value()) continue;
      Result<void> sent = send_signal(pidfd->get(), signal);
      if (!sent.has_value() && sent.error().kind != ErrorKind::kNotFound) return sent;
    }
    return {};
  }
  Result<UniqueFd> pidfd = open_pidfd(state.pid == 0 ? -1 : state.pid);
  // Looked at after the pidfd was opened: from then on the number cannot change hands.
  if (!pidfd.has_value() || !is_alive(state)) {
    return wrong_status(id, ContainerStatus::kStopped, "running");
  }
  return send_signal(pidfd->get(), signal).context("container {}", id);
}

Result<void> pause_container(const std::string& state_root, const std::string& id) {
  IK_LET(directory, StateDirectory::open(state_root, id));
  IK_LET(state, directory.load());
  IK_LET(cgroup, open_running_cgroup(state_root, state, ContainerStatus::kRunning));
  return cgroup.freeze();
}

Result<void> resume_container(const std::string& state_root, const std::string& id) {
  IK_LET(directory, StateDirectory::open(state_root, id));
  IK_LET(state, directory.load());
  IK_LET(cgroup, open_running_cgroup(state_root, state, ContainerStatus::kPaused));
  return cgroup.thaw();
}

}  // namespace ikada
