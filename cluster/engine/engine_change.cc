// Engine: what can be changed of a container that exists: its name and its limits.
#include <fcntl.h>
#include <unistd.h>

#include "cluster/engine/container_names.h"
#include "cluster/engine/engine.h"
#include "cluster/engine/oci_config.h"
#include "cluster/engine/record_change.h"
#include "runtime/base/atomic_file.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/container/state.h"
#include "runtime/sys/file.h"

namespace ikada {

Result<void> Engine::rename(const ContainerRecord& record, const std::string& name) {
  const std::string wanted = name.starts_with('/') ? name.substr(1) : name;
  if (wanted.empty()) {
    return make_error(ErrorKind::kInvalid, "new name cannot be empty");
  }
  IK_TRY(check_container_name(wanted));
  if (wanted == record.name) {
    return make_error(ErrorKind::kInvalid,
                      "Renaming a container with the same name as its current name");
  }
  // Both names are the container's until the record says which one stays.
  IK_TRY(reserve_name(layout(), wanted, record.id));
  const Result<ContainerRecord> before =
      change_record(layout(), record, [&](ContainerRecord& renamed) { renamed.name = wanted; });
  if (!before.has_value()) {
    release_name(layout(), wanted, record.id);
    return before.error();
  }
  if (before->name != wanted) release_name(layout(), before->name, record.id);
  return {};
}

Result<void> Engine::update(const ContainerRecord& record, const ResourceSpec& resources) {
  const std::string path = layout().container_file(record.id, "config.json");
  IK_LET(text, read_file(path));
  IK_LET(config, parse_json(text).context("{}", path));
  Json wanted = plan_oci_limits(resources);
  if (resources.pids.has_value() && *resources.pids <= 0) wanted["pids"]["limit"] = -1;
  Json& current = config["linux"]["resources"];
  for (const char* part : {"memory", "cpu", "pids"}) {
    if (wanted.contains(part)) current[part] = wanted[part];
  }
  IK_LET(parsed, parse_resources(wanted));
  IK_LET(writes, plan_cgroup_writes(parsed));
  if (live_status(layout(), record.id).is_running()) {
    IK_LET(state, load_state(layout().runtime_states(), record.id));
    IK_LET(cgroup, Cgroup::open(state.cgroup_path));
    IK_TRY(cgroup.apply(writes));
  }
  IK_TRY(write_file_atomically(path,
                               config.dump(-1, ' ', false, Json::error_handler_t::replace),
                               0600,
                               Durability::kVolatile));
  IK_LET(before, change_record(layout(), record, [&](ContainerRecord& changed) {
           changed.spec.resources = resources;
         }));
  static_cast<void>(before);
  return {};
}

}  // namespace ikada
