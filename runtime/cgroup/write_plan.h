// From resources to writes into cgroup files.
//
// Source: Linux Documentation/admin-guide/cgroup-v2.rst.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/cgroup/resources.h"

namespace ikada {

struct CgroupWrite {
  std::string file;        // "memory.max"
  std::string value;       // "67108864"
  std::string controller;  // "memory"; empty for files of the cgroup core.
  std::string purpose;     // "memory limit"; for messages.
};

// The writes in the order they must be made. Empty for resources without limits. kInvalid for
// combinations that mean nothing, such as swap below memory.
Result<std::vector<CgroupWrite>> plan_cgroup_writes(const Resources& resources);

// The distinct controllers that `writes` need, in the order of first use.
std::vector<std::string> needed_controllers(const std::vector<CgroupWrite>& writes);

// cpu.weight for cgroup v1's cpu.shares.
std::uint64_t cpu_weight_from_shares(std::uint64_t shares);

}  // namespace ikada
