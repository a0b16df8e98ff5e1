// What a cgroup's controllers have counted: Cgroup::stats() and oom_kills().
#include <fcntl.h>

#include <cerrno>

#include "runtime/cgroup/cgroup.h"
#include "runtime/cgroup/flat_keyed.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxStatBytes = size_t{16} << 20;

// Empty if there is no such file, which means that the controller is not there.
Result<std::string> read_if_there(int dir_fd, const std::string& name) {
  Result<UniqueFd> fd = open_file_at(dir_fd, name, O_RDONLY);
  if (!fd && fd.error().errno_value == ENOENT) return std::string();
  if (!fd) return fd.error();
  return read_fd(fd->get(), kMaxStatBytes);
}

std::uint64_t value_of(const std::map<std::string, std::uint64_t>& values, const char* key) {
  const auto found = values.find(key);
  return found == values.end() ? 0 : found->second;
}

}  // namespace

Result<CgroupStats> Cgroup::stats() const {
  CgroupStats stats;
  IK_LET(memory_current, read_if_there(dir_.get(), "memory.current"));
  IK_LET(memory_max, read_if_there(dir_.get(), "memory.max"));
  IK_LET(memory_stat, read_if_there(dir_.get(), "memory.stat"));
  IK_LET(cpu_stat, read_if_there(dir_.get(), "cpu.stat"));
  IK_LET(pids_current, read_if_there(dir_.get(), "pids.current"));
  IK_LET(pids_max, read_if_there(dir_.get(), "pids.max"));
  IK_LET(io_stat, read_if_there(dir_.get(), "io.stat"));
  stats.memory_current_bytes = parse_single_value(memory_current);
  stats.memory_limit_bytes = parse_single_value(memory_max);
  stats.memory = parse_flat_keyed(memory_stat);
  stats.memory_inactive_file_bytes = value_of(stats.memory, "inactive_file");
  stats.cpu = parse_flat_keyed(cpu_stat);
  stats.cpu_usage_us = value_of(stats.cpu, "usage_usec");
  stats.cpu_throttled_periods = value_of(stats.cpu, "nr_throttled");
  stats.pids_current = parse_single_value(pids_current);
  stats.pids_limit = parse_single_value(pids_max);
  stats.io_read_bytes = sum_nested_key(io_stat, "rbytes");
  stats.io_write_bytes = sum_nested_key(io_stat, "wbytes");
  return stats;
}

Result<std::uint64_t> Cgroup::oom_kills() const {
  IK_LET(events, read_if_there(dir_.get(), "memory.events"));
  return value_of(parse_flat_keyed(events), "oom_kill");
}

}  // namespace ikada
