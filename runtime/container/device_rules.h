// The device rules of a container: those of its config and those that every container has.
//
// Source: OCI runtime-spec 1.0.2, config-linux.md "Device allowed list".
#pragma once

#include <vector>

#include "runtime/base/result.h"
#include "runtime/cgroup/resources.h"

namespace ikada {

// A container gets the devices that every container has, whatever else its rules deny; without
// rules it gets those only.
Result<std::vector<DeviceRule>> plan_device_rules(const std::vector<DeviceRule>& wanted);

}  // namespace ikada
