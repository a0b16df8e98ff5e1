// The device nodes of this host that a container asked for.
//
// Source: docker-run(1), --device and --privileged; mknod(2).
#pragma once

#include <vector>

#include "cluster/engine/container_spec.h"
#include "cluster/engine/oci_config.h"
#include "runtime/base/result.h"

namespace ikada {

// Every --device, with the nodes of a directory one by one; for --privileged every node of the
// host's /dev. kInvalid if a path is no device.
Result<std::vector<HostDevice>> find_host_devices(const ContainerSpec& spec);

}  // namespace ikada
