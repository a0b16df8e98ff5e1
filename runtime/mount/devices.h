// The device nodes and links of a container's /dev.
//
// Source: OCI runtime-spec 1.0.2, config-linux.md "Default Devices", runtime-linux.md "Dev symbolic
// links".
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/mount/attach.h"
#include "runtime/spec/config.h"

namespace ikada {

struct DeviceNode {
  std::string directory;  // "/dev"
  std::string name;
  mode_t mode = 0;
  dev_t device = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  UniqueFd host_node;  // Bound in place of a new node where mknod(2) is not allowed.
};

struct DeviceLink {
  const char* name;  // In /dev.
  const char* target;
};

struct DevicePlan {
  std::vector<DeviceNode> nodes;
  std::vector<DeviceLink> links;
};

// Empty when /dev is a bind of another directory: then that one decides what is there.
DevicePlan plan_devices(const OciConfig& config, const MountPlan& mounts);

// Opens the host's nodes of the same numbers, for a container with a user namespace.
Result<void> open_host_nodes(DevicePlan& plan);

// In the first process. `item` is the index of the node or link that failed; 0 or a negative errno
// value. EEXIST means that something else has the name.
int make_device_nodes(const DevicePlan& plan, int root_fd, unsigned& item);
int make_device_links(const DevicePlan& plan, int root_fd, unsigned& item);

// O_PATH of ROOT/dev/null, which must be character device 1:3; or a negative errno value.
int open_null_device(int root_fd);

}  // namespace ikada
