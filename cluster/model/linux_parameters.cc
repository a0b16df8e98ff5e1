#include "cluster/model/linux_parameters.h"

namespace ikada {

void describe(JsonFields& fields, KernelCapabilities& capabilities) {
  fields.field("add", capabilities.add);
  fields.field("drop", capabilities.drop);
}

void describe(JsonFields& fields, Device& device) {
  fields.required("hostPath", device.host_path);
  fields.field("containerPath", device.container_path);
  fields.field("permissions", device.permissions);
}

void describe(JsonFields& fields, Tmpfs& tmpfs) {
  fields.required("containerPath", tmpfs.container_path);
  fields.required("size", tmpfs.size_mib);
  fields.field("mountOptions", tmpfs.mount_options);
}

void describe(JsonFields& fields, LinuxParameters& parameters) {
  fields.field("capabilities", parameters.capabilities);
  fields.field("devices", parameters.devices);
  fields.field("initProcessEnabled", parameters.init_process_enabled);
  fields.field("sharedMemorySize", parameters.shared_memory_size_mib);
  fields.field("tmpfs", parameters.tmpfs);
  fields.field("maxSwap", parameters.max_swap_mib);
  fields.field("swappiness", parameters.swappiness);
}

void describe(JsonFields& fields, Ulimit& limit) {
  fields.required("name", limit.name);
  fields.required("softLimit", limit.soft_limit);
  fields.required("hardLimit", limit.hard_limit);
}

}  // namespace ikada
