#include "cluster/engine/usage.h"

#include <sys/sysinfo.h>

#include <vector>

#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/container/state.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

std::uint64_t host_memory() {
  struct sysinfo info {};
  if (::sysinfo(&info) != 0) return 0;
  return std::uint64_t{info.totalram} * info.mem_unit;
}

// Processes are counted by hand where the pids controller is missing.
std::uint64_t count_processes(const Cgroup& cgroup, const CgroupStats& stats) {
  if (stats.pids_current != 0) return stats.pids_current;
  const Result<std::vector<pid_t>> processes = cgroup.processes();
  return processes.has_value() ? processes->size() : 0;
}

}  // namespace

NetworkBytes parse_net_dev(std::string_view text) {
  NetworkBytes total;
  for (const std::string_view line : split(text, '\n')) {
    const Cut parts = cut(line, ':');
    if (!parts.found || trim(parts.before) == "lo") continue;
    std::vector<std::string_view> fields;
    for (const std::string_view field : split(parts.after, ' ')) {
      if (!field.empty()) fields.push_back(field);
    }
    // Eight columns of received, then eight of sent; bytes come first in both.
    constexpr size_t kSentBytes = 8;
    if (fields.size() <= kSentBytes) continue;
    total.received += parse_unsigned(fields[0]).value_or(0U);
    total.sent += parse_unsigned(fields[kSentBytes]).value_or(0U);
  }
  return total;
}

Result<Usage> measure_usage(const EngineLayout& layout, const ContainerRecord& record) {
  IK_LET(state, load_state(layout.runtime_states(), record.id));
  IK_LET(cgroup, Cgroup::open(state.cgroup_path));
  IK_LET(stats, cgroup.stats());
  Usage usage;
  usage.taken = std::chrono::steady_clock::now();
  usage.cpu_us = stats.cpu_usage_us;
  usage.memory_bytes = stats.memory_current_bytes > stats.memory_inactive_file_bytes
                           ? stats.memory_current_bytes - stats.memory_inactive_file_bytes
                           : 0;
  usage.memory_limit_bytes = host_memory();
  if (stats.memory_limit_bytes != 0 && stats.memory_limit_bytes < usage.memory_limit_bytes) {
    usage.memory_limit_bytes = stats.memory_limit_bytes;
  }
  usage.io_read_bytes = stats.io_read_bytes;
  usage.io_written_bytes = stats.io_write_bytes;
  usage.pids = count_processes(cgroup, stats);
  if (record.spec.network.mode == "bridge") {
    const Result<std::string> text =
        read_file(fmt::format("/proc/{}/net/dev", state.pid), size_t{1} << 20);
    const NetworkBytes bytes = text.has_value() ? parse_net_dev(*text) : NetworkBytes{};
    usage.network_received_bytes = bytes.received;
    usage.network_sent_bytes = bytes.sent;
  }
  return usage;
}

double cpu_percent(const Usage& before, const Usage& after) {
  const auto wall =
      std::chrono::duration_cast<std::chrono::microseconds>(after.taken - before.taken).count();
  if (wall <= 0 || after.cpu_us < before.cpu_us) return 0;
  return 100.0 * static_cast<double>(after.cpu_us - before.cpu_us) / static_cast<double>(wall);
}

}  // namespace ikada
