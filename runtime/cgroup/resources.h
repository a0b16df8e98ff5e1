// linux.resources of an OCI config as numbers.
//
// -1 means "unlimited" where the specification allows it; an absent field is nullopt and is left as
// the kernel has it.
//
// Source: OCI runtime-spec 1.0.2, config-linux.md "Control groups".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

// A block device's limit or weight.
struct BlockDeviceValue {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint64_t value = 0;
};

// One entry of linux.resources.devices. Without major or minor all of them are meant.
struct DeviceRule {
  bool allow = false;
  char type = 'a';  // 'a' (both), 'b' or 'c'.
  std::optional<std::uint32_t> major;
  std::optional<std::uint32_t> minor;
  bool read = false;
  bool write = false;
  bool mknod = false;
};

struct HugepageLimit {
  std::string page_size;  // "2MB"
  std::uint64_t limit_bytes = 0;
};

struct Resources {
  // memory
  std::optional<std::int64_t> memory_limit_bytes;
  std::optional<std::int64_t> memory_reservation_bytes;
  std::optional<std::int64_t> memory_and_swap_bytes;  // OCI's swap: memory and swap together.
  // cpu
  std::optional<std::uint64_t> cpu_shares;  // 2 … 262144
  std::optional<std::int64_t> cpu_quota_us;
  std::optional<std::uint64_t> cpu_period_us;
  std::optional<std::uint64_t> cpu_burst_us;
  std::optional<bool> cpu_idle;
  std::string cpuset_cpus;
  std::string cpuset_mems;
  // pids
  std::optional<std::int64_t> pids_limit;
  // blockIO
  std::optional<std::uint64_t> io_weight;  // 10 … 1000
  std::vector<BlockDeviceValue> io_weight_devices;
  std::vector<BlockDeviceValue> io_read_bytes_per_s;
  std::vector<BlockDeviceValue> io_write_bytes_per_s;
  std::vector<BlockDeviceValue> io_read_operations_per_s;
  std::vector<BlockDeviceValue> io_write_operations_per_s;

  std::vector<HugepageLimit> hugepage_limits;
  std::map<std::string, std::string> unified;  // File name → text, written last.

  std::vector<DeviceRule> devices;  // In order; the last rule that matches decides.
};

// The object linux.resources; null is empty. kInvalid for wrong types, ranges and names.
Result<Resources> parse_resources(const Json& resources);

}  // namespace ikada
