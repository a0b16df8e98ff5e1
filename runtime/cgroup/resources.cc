#include "runtime/cgroup/resources.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace ikada {
namespace {

constexpr std::uint32_t kMaxDeviceNumber = 0x7fffffff;

// Features of cgroup v1 that v2 has no counterpart for. Taking them silently would promise a limit
// that is not there.
void refuse_v1_only(JsonReader& reader, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (reader.has(key)) reader.fail(key, "cgroup v2 has no such control");
  }
}

void read_memory(JsonReader reader, Resources& out) {
  reader.read("limit", out.memory_limit_bytes);
  reader.read("reservation", out.memory_reservation_bytes);
  reader.read("swap", out.memory_and_swap_bytes);
  refuse_v1_only(reader, {"swappiness"});
  bool disable_oom_killer = false;
  reader.read("disableOOMKiller", disable_oom_killer);
  if (disable_oom_killer) reader.fail("disableOOMKiller", "cgroup v2 has no such control");
}

void read_cpu(JsonReader reader, Resources& out) {
  reader.read("shares", out.cpu_shares);
  reader.read("quota", out.cpu_quota_us);
  reader.read("period", out.cpu_period_us);
  reader.read("burst", out.cpu_burst_us);
  reader.read("cpus", out.cpuset_cpus);
  reader.read("mems", out.cpuset_mems);
  std::optional<std::int64_t> idle;
  reader.read("idle", idle);
  if (idle) out.cpu_idle = *idle != 0;
  refuse_v1_only(reader, {"realtimeRuntime", "realtimePeriod"});
}

void read_block_values(JsonReader& reader,
                       std::string_view key,
                       std::string_view value_key,
                       std::vector<BlockDeviceValue>& out) {
  for (JsonReader& entry : reader.objects(key)) {
    BlockDeviceValue device;
    entry.require("major", device.major);
    entry.require("minor", device.minor);
    entry.require(value_key, device.value);
    out.push_back(device);
  }
}

void read_block_io(JsonReader reader, Resources& out) {
  reader.read("weight", out.io_weight);
  read_block_values(reader, "weightDevice", "weight", out.io_weight_devices);
  read_block_values(reader, "throttleReadBpsDevice", "rate", out.io_read_bytes_per_s);
  read_block_values(reader, "throttleWriteBpsDevice", "rate", out.io_write_bytes_per_s);
  read_block_values(reader, "throttleReadIOPSDevice", "rate", out.io_read_operations_per_s);
  read_block_values(reader, "throttleWriteIOPSDevice", "rate", out.io_write_operations_per_s);
  refuse_v1_only(reader, {"leafWeight"});
}

// Absent and -1 mean all numbers.
std::optional<std::uint32_t> read_device_number(JsonReader& reader, std::string_view key) {
  std::optional<std::int64_t> number;
  reader.read(key, number);
  if (!number || *number == -1) return std::nullopt;
  if (*number < 0 || *number > kMaxDeviceNumber) {
    reader.fail(key, "number out of range");
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*number);
}

DeviceRule read_device_rule(JsonReader& reader) {
  DeviceRule rule;
  reader.require("allow", rule.allow);
  std::string type = "a";
  reader.read("type", type);
  if (type == "u") type = "c";  // An unbuffered character device.
  if (type.empty()) type = "a";
  if (type != "a" && type != "b" && type != "c") reader.fail("type", "expected a, b, c or u");
  rule.type = type[0];
  rule.major = read_device_number(reader, "major");
  rule.minor = read_device_number(reader, "minor");
  std::string access = "rwm";
  reader.read("access", access);
  if (access.empty()) access = "rwm";
  for (const char c : access) {
    if (c != 'r' && c != 'w' && c != 'm') reader.fail("access", "expected letters of rwm");
    rule.read = rule.read || c == 'r';
    rule.write = rule.write || c == 'w';
    rule.mknod = rule.mknod || c == 'm';
  }
  return rule;
}

// "2MB", "64KB", "1GB": a number and a unit, as in the names of the files.
bool is_page_size(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = text.substr(digits);
  return digits > 0 && digits < 10 && (unit == "KB" || unit == "MB" || unit == "GB");
}

void read_hugepage_limits(JsonReader& reader, Resources& out) {
  for (JsonReader& entry : reader.objects("hugepageLimits")) {
    HugepageLimit limit;
    entry.require("pageSize", limit.page_size);
    entry.require("limit", limit.limit_bytes);
    if (!is_page_size(limit.page_size)) entry.fail("pageSize", "expected a size such as 2MB");
    out.hugepage_limits.push_back(std::move(limit));
  }
}

// A file of a controller: "memory.high". Not a path, and not the cgroup's own switches, which would
// move processes or thaw what is frozen.
bool is_controller_file(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_';
  };
  const size_t dot = name.find('.');
  return name.size() <= 64 && dot != std::string_view::npos && dot > 0 && dot + 1 < name.size() &&
         std::all_of(name.begin(), name.end(), is_allowed) && !name.starts_with("cgroup.");
}

void read_unified(JsonReader& reader, Resources& out) {
  reader.read("unified", out.unified);
  for (const auto& [name, value] : out.unified) {
    if (!is_controller_file(name)) reader.fail("unified", "not a controller's file: " + name);
  }
}

}  // namespace

Result<Resources> parse_resources(const Json& resources) {
  Resources result;
  if (resources.is_null()) return result;
  JsonReader reader(resources, "linux.resources");
  read_memory(reader.object("memory"), result);
  read_cpu(reader.object("cpu"), result);
  JsonReader pids = reader.object("pids");
  pids.read("limit", result.pids_limit);
  read_block_io(reader.object("blockIO"), result);
  read_hugepage_limits(reader, result);
  for (JsonReader& device : reader.objects("devices")) {
    result.devices.push_back(read_device_rule(device));
  }
  read_unified(reader, result);
  refuse_v1_only(reader, {"network"});
  if (reader.has("rdma")) reader.fail("rdma", "not supported");
  IK_TRY(reader.done());
  return result;
}

}  // namespace ikada
