#include "runtime/cgroup/write_plan.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

namespace ikada {
namespace {

constexpr std::uint64_t kDefaultPeriodUs = 100000;
constexpr std::uint64_t kMinShares = 2;
constexpr std::uint64_t kMaxShares = 262144;
constexpr std::uint64_t kMinBlockWeight = 10;
constexpr std::uint64_t kMaxBlockWeight = 1000;

class Plan {
 public:
  void add(std::string file, std::string value, std::string_view purpose) {
    std::string controller = file.substr(0, file.find('.'));
    writes_.push_back(
        {std::move(file), std::move(value), std::move(controller), std::string(purpose)});
  }

  // A limit, or "max" for anything below zero.
  void add_limit(std::string file, std::int64_t value, std::string_view purpose) {
    add(std::move(file), value < 0 ? "max" : std::to_string(value), purpose);
  }

  std::vector<CgroupWrite> take() { return std::move(writes_); }

 private:
  std::vector<CgroupWrite> writes_;
};

// OCI counts memory and swap together, cgroup v2 counts swap alone. 0 means "not given".
Result<std::int64_t> swap_alone(std::int64_t memory, std::int64_t memory_and_swap) {
  if (memory_and_swap < 0 || memory < 0) return std::int64_t{-1};
  if (memory == 0) {
    return make_error(ErrorKind::kInvalid,
                      "linux.resources: memory.swap: needs memory.limit, it counts both");
  }
  if (memory_and_swap < memory) {
    return make_error(ErrorKind::kInvalid,
                      "linux.resources: memory.swap: {} is below memory.limit {}, it counts both",
                      memory_and_swap,
                      memory);
  }
  return memory_and_swap - memory;
}

Result<void> plan_memory(const Resources& resources, Plan& plan) {
  const std::int64_t memory = resources.memory_limit_bytes.value_or(0);
  const std::int64_t memory_and_swap = resources.memory_and_swap_bytes.value_or(0);
  if (memory != 0) plan.add_limit("memory.max", memory, "memory limit");
  if (memory_and_swap != 0) {
    IK_LET(swap, swap_alone(memory, memory_and_swap));
    plan.add_limit("memory.swap.max", swap, "swap limit");
  } else if (memory < 0) {
    plan.add_limit("memory.swap.max", -1, "swap limit");
  }
  const std::int64_t reservation = resources.memory_reservation_bytes.value_or(0);
  if (reservation != 0) plan.add_limit("memory.low", reservation, "memory reservation");
  return {};
}

Result<void> plan_cpu(const Resources& resources, Plan& plan) {
  if (resources.cpu_idle) plan.add("cpu.idle", *resources.cpu_idle ? "1" : "0", "cpu idle");
  // The kernel refuses a weight for an idle group.
  if (resources.cpu_shares.value_or(0) != 0 && !resources.cpu_idle.value_or(false)) {
    plan.add(
        "cpu.weight", std::to_string(cpu_weight_from_shares(*resources.cpu_shares)), "cpu shares");
  }
  const std::int64_t quota = resources.cpu_quota_us.value_or(0);
  const std::uint64_t period = resources.cpu_period_us.value_or(0);
  if (quota != 0 || period != 0) {
    plan.add("cpu.max",
             fmt::format("{} {}",
                         quota > 0 ? std::to_string(quota) : "max",
                         period != 0 ? period : kDefaultPeriodUs),
             "cpu quota");
  }
  if (resources.cpu_burst_us) {
    plan.add("cpu.max.burst", std::to_string(*resources.cpu_burst_us), "cpu burst");
  }
  if (!resources.cpuset_cpus.empty()) plan.add("cpuset.cpus", resources.cpuset_cpus, "cpu set");
  if (!resources.cpuset_mems.empty()) {
    plan.add("cpuset.mems", resources.cpuset_mems, "memory node set");
  }
  return {};
}

// From blkio's 10 … 1000 to 1 … 10000, linearly.
Result<std::uint64_t> io_weight_from_block_weight(std::uint64_t weight) {
  if (weight < kMinBlockWeight || weight > kMaxBlockWeight) {
    return make_error(ErrorKind::kInvalid,
                      "linux.resources: blockIO.weight: {} is not between {} and {}",
                      weight,
                      kMinBlockWeight,
                      kMaxBlockWeight);
  }
  return 1 + (weight - kMinBlockWeight) * 9999 / (kMaxBlockWeight - kMinBlockWeight);
}

void plan_io_limits(std::span<const BlockDeviceValue> devices, std::string_view key, Plan& plan) {
  for (const BlockDeviceValue& device : devices) {
    const std::string value = device.value == 0 ? "max" : std::to_string(device.value);
    plan.add(
        "io.max", fmt::format("{}:{} {}={}", device.major, device.minor, key, value), "io limit");
  }
}

Result<void> plan_io(const Resources& resources, Plan& plan) {
  if (resources.io_weight.value_or(0) != 0) {
    IK_LET(weight, io_weight_from_block_weight(*resources.io_weight));
    plan.add("io.weight", fmt::format("default {}", weight), "io weight");
  }
  for (const BlockDeviceValue& device : resources.io_weight_devices) {
    IK_LET(weight, io_weight_from_block_weight(device.value));
    plan.add("io.weight", fmt::format("{}:{} {}", device.major, device.minor, weight), "io weight");
  }
  plan_io_limits(resources.io_read_bytes_per_s, "rbps", plan);
  plan_io_limits(resources.io_write_bytes_per_s, "wbps", plan);
  plan_io_limits(resources.io_read_operations_per_s, "riops", plan);
  plan_io_limits(resources.io_write_operations_per_s, "wiops", plan);
  return {};
}

}  // namespace

bool CgroupWrite::lifts_limit() const {
  return value == "max" || value.starts_with("max ") || value.ends_with("=max");
}

// Source: opencontainers/cgroups and crun since 2025: shares 2, 1024 and 262144 are weights 1, 100
// and 10000, so the default of one is the default of the other, and in between the curve is
// quadratic in the logarithm.
std::uint64_t cpu_weight_from_shares(std::uint64_t shares) {
  if (shares <= kMinShares) return 1;
  if (shares >= kMaxShares) return 10000;
  const double log = std::log2(static_cast<double>(shares));
  const double exponent = (log * log + 125 * log) / 612 - 7.0 / 34;
  return static_cast<std::uint64_t>(std::ceil(std::pow(10, exponent)));
}

Result<std::vector<CgroupWrite>> plan_cgroup_writes(const Resources& resources) {
  Plan plan;
  IK_TRY(plan_memory(resources, plan));
  IK_TRY(plan_cpu(resources, plan));
  const std::int64_t pids = resources.pids_limit.value_or(0);
  if (pids != 0) plan.add_limit("pids.max", pids, "pids limit");
  IK_TRY(plan_io(resources, plan));
  for (const HugepageLimit& limit : resources.hugepage_limits) {
    plan.add("hugetlb." + limit.page_size + ".max",
             std::to_string(limit.limit_bytes),
             "huge page limit");
  }
  for (const auto& [file, value] : resources.unified) plan.add(file, value, file);
  return plan.take();
}

std::vector<std::string> needed_controllers(std::span<const CgroupWrite> writes) {
  std::vector<std::string> controllers;
  for (const CgroupWrite& write : writes) {
    if (write.lifts_limit()) continue;
    if (std::find(controllers.begin(), controllers.end(), write.controller) == controllers.end()) {
      controllers.push_back(write.controller);
    }
  }
  return controllers;
}

}  // namespace ikada
