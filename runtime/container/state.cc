#include "runtime/container/state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "runtime/cgroup/cgroup.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

bool is_being_created(const std::string& state_root, const ContainerState& state) {
  const Result<UniqueFd> fd = open_file(state_root + "/" + state.id, O_RDONLY | O_DIRECTORY);
  return fd.has_value() && ::flock(fd->get(), LOCK_SH | LOCK_NB) != 0;
}

bool is_frozen(const ContainerState& state) {
  if (state.cgroup_path.empty()) return false;
  const Result<Cgroup> cgroup = Cgroup::open(state.cgroup_path);
  if (!cgroup.has_value()) return false;
  const Result<bool> frozen = cgroup->frozen();
  return frozen.has_value() && *frozen;
}

}  // namespace

std::string_view status_name(ContainerStatus status) {
  switch (status) {
    case ContainerStatus::kCreating:
      return "creating";
    case ContainerStatus::kCreated:
      return "created";
    case ContainerStatus::kRunning:
      return "running";
    case ContainerStatus::kPaused:
      return "paused";
    case ContainerStatus::kStopped:
      return "stopped";
  }
  return "";
}

bool is_alive(const ContainerState& state) {
  if (state.pid == 0) return false;
  const Result<ProcessStat> stat = read_process_stat(state.pid);
  if (!stat.has_value() || stat->start_time != state.pid_start_time) return false;
  return stat->state != 'Z' && stat->state != 'X';
}

ContainerStatus current_status(const std::string& state_root, const ContainerState& state) {
  if (state.pid == 0) {
    return is_being_created(state_root, state) ? ContainerStatus::kCreating
                                               : ContainerStatus::kStopped;
  }
  if (!is_alive(state)) return ContainerStatus::kStopped;
  const std::string socket = state_root + "/" + state.id + "/start.sock";
  if (::access(socket.c_str(), F_OK) == 0) return ContainerStatus::kCreated;
  return is_frozen(state) ? ContainerStatus::kPaused : ContainerStatus::kRunning;
}

Json oci_state(const ContainerState& state, ContainerStatus status) {
  Json json = {{"ociVersion", "1.0.2"},
               {"id", state.id},
               {"status", status_name(status)},
               {"bundle", state.bundle}};
  // While it is being created, too, for the createRuntime hooks, once there is one.
  if (status != ContainerStatus::kStopped && state.pid != 0) {
    json["pid"] = state.pid;
  }
  if (!state.annotations.empty()) json["annotations"] = state.annotations;
  return json;
}

}  // namespace ikada
