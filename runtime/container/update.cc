// Changing the limits of a container that is there: update_container().
#include "runtime/cgroup/cgroup.h"
#include "runtime/container/create.h"
#include "runtime/container/device_rules.h"
#include "runtime/container/state_directory.h"

namespace ikada {

Result<void> update_container(const std::string& state_root,
                              const std::string& id,
                              const Resources& resources) {
  IK_LET(writes, plan_cgroup_writes(resources));
  IK_LET(directory, StateDirectory::open(state_root, id));
  IK_LET(state, directory.load());
  const ContainerStatus status = current_status(state_root, state);
  if (status == ContainerStatus::kStopped) {
    return make_error(ErrorKind::kConflict, "container {} is stopped", id);
  }
  IK_LET(cgroup, Cgroup::open(state.cgroup_path));
  IK_TRY(cgroup.apply(writes));
  // Without rules the devices stay as they are.
  if (resources.devices.empty()) return {};
  IK_LET(rules, plan_device_rules(resources.devices));
  return cgroup.apply_devices(rules);
}

}  // namespace ikada
