#include "runtime/container/removal.h"

#include <poll.h>
#include <signal.h>

#include "runtime/cgroup/cgroup.h"
#include "runtime/container/create.h"
#include "runtime/container/hooks.h"
#include "runtime/container/state_directory.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

constexpr int kPatienceMs = 10'000;

// A process outside the cgroup can only be the first one, if something moved it.
Result<void> kill_first_process(const ContainerState& state) {
  if (!is_alive(state)) return {};
  Result<UniqueFd> pidfd = open_pidfd(state.pid);
  if (!pidfd.has_value() && pidfd.error().kind == ErrorKind::kNotFound) return {};
  IK_LET(fd, std::move(pidfd));
  Result<void> sent = send_signal(fd.get(), SIGKILL);
  if (!sent.has_value() && sent.error().kind != ErrorKind::kNotFound) return sent;
  pollfd wait{.fd = fd.get(), .events = POLLIN, .revents = 0};
  if (::poll(&wait, 1, kPatienceMs) > 0) return {};
  return make_error(ErrorKind::kUnavailable, "process {} does not end", state.pid);
}

}  // namespace

Result<void> remove_remains(const ContainerState& state) {
  if (state.cgroup_path.empty()) return kill_first_process(state);
  Result<Cgroup> opened = Cgroup::open(state.cgroup_path);
  if (!opened.has_value() && opened.error().kind == ErrorKind::kNotFound) {
    return kill_first_process(state);
  }
  IK_LET(cgroup, std::move(opened));
  IK_LET(populated, cgroup.populated());
  if (populated) {
    IK_TRY(cgroup.kill());
    IK_TRY(cgroup.wait_until_empty(kPatienceMs));
  }
  IK_TRY(kill_first_process(state));
  return std::move(cgroup).remove();
}

Result<void> delete_container(const std::string& state_root, const std::string& id, bool force) {
  IK_LET(directory, StateDirectory::open(state_root, id));
  Result<ContainerState> loaded = directory.load();
  if (!loaded.has_value() && loaded.error().kind == ErrorKind::kNotFound) {
    return directory.remove();
  }
  IK_LET(state, std::move(loaded));
  const ContainerStatus status = current_status(state_root, state);
  if (!force && (status == ContainerStatus::kRunning || status == ContainerStatus::kPaused)) {
    return make_error(
        ErrorKind::kConflict, "container {} is not stopped but {}", id, status_name(status));
  }
  IK_TRY(remove_remains(state));
  IK_TRY(directory.remove());
  return run_poststop_hooks(state);
}

}  // namespace ikada
