// From resources to writes into cgroup files.
//
// Source: Linux Documentation/admin-guide/cgroup-v2.rst.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/cgroup/resources.h"

namespace ikada {

struct CgroupWrite {
  std::string file;        // "memory.max"
  std::string value;       // "67108864"
  std::string controller;  // "memory"
  std::string purpose;     // "memory limit"; for messages.

  // Whether it asks for no limit, so that it is no loss if the controller is not there.
  bool lifts_limit() const;
};

// The writes in the order they must be made. Empty for resources without limits. kInvalid for
// combinations that mean nothing, such as swap below memory.
Result<std::vector<CgroupWrite>> plan_cgroup_writes(const Resources& resources);

// The distinct controllers that `writes` cannot do without, in the order of first use.
std::vector<std::string> needed_controllers(std::span<const CgroupWrite> writes);

// cpu.weight for cgroup v1's cpu.shares: 1 … 10000.
std::uint64_t cpu_weight_from_shares(std::uint64_t shares);

}  // namespace ikada
