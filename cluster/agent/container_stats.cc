#include "cluster/agent/container_stats.h"

#include <sys/sysinfo.h>
#include <unistd.h>

#include <array>

#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/container/state.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::uint64_t kNanosPerMicro = 1000;
constexpr double kNanosPerSecond = 1e9;
constexpr size_t kMaxProcFile = size_t{1} << 20;

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (const std::string_view each : split(text, ' ')) {
    if (!each.empty()) words.push_back(each);
  }
  return words;
}

std::uint64_t number_of(const std::vector<std::string_view>& words, size_t place) {
  return place < words.size() ? parse_unsigned(words[place]).value_or(0U) : 0U;
}

// The first line of /proc/stat: "cpu  user nice system idle …" in clock ticks.
std::uint64_t read_system_cpu_ns() {
  const Result<std::string> text = read_file("/proc/stat", kMaxProcFile);
  if (!text.has_value()) return 0;
  const std::vector<std::string_view> words = words_of(cut(*text, '\n').before);
  constexpr size_t kFields = 7;  // Guests' time is in the others.
  std::uint64_t ticks = 0;
  for (size_t i = 1; i <= kFields; ++i) ticks += number_of(words, i);
  const auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return ticks * (1'000'000'000 / per_second);
}

std::uint64_t resident_bytes(const std::vector<pid_t>& processes) {
  std::uint64_t pages = 0;
  for (const pid_t pid : processes) {
    const Result<std::string> text = read_file(fmt::format("/proc/{}/statm", pid), 4096);
    if (text.has_value()) pages += number_of(words_of(trim(*text)), 1);
  }
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t member(const std::map<std::string, std::uint64_t>& map, const char* name) {
  const auto found = map.find(name);
  return found == map.end() ? 0 : found->second;
}

Json cpu_stats(const ContainerSample& sample) {
  if (sample.taken == 0)
    return {{"cpu_usage", {{"total_usage", 0}}}, {"throttling_data", Json::object()}};
  const auto& cpu = sample.cgroup.cpu;
  return {{"cpu_usage",
           {{"total_usage", sample.cgroup.cpu_usage_us * kNanosPerMicro},
            {"usage_in_kernelmode", member(cpu, "system_usec") * kNanosPerMicro},
            {"usage_in_usermode", member(cpu, "user_usec") * kNanosPerMicro}}},
          {"system_cpu_usage", sample.system_cpu_ns},
          {"online_cpus", ::sysconf(_SC_NPROCESSORS_ONLN)},
          {"throttling_data",
           {{"periods", member(cpu, "nr_periods")},
            {"throttled_periods", member(cpu, "nr_throttled")},
            {"throttled_time", member(cpu, "throttled_usec") * kNanosPerMicro}}}};
}

// Columns of /proc/PID/net/dev: received, then sent, eight each.
Json networks_of(std::string_view text) {
  constexpr std::array<std::pair<const char*, size_t>, 8> kColumns = {{{"rx_bytes", 0},
                                                                       {"rx_packets", 1},
                                                                       {"rx_errors", 2},
                                                                       {"rx_dropped", 3},
                                                                       {"tx_bytes", 8},
                                                                       {"tx_packets", 9},
                                                                       {"tx_errors", 10},
                                                                       {"tx_dropped", 11}}};
  Json networks = Json::object();
  for (const std::string_view line : split(text, '\n')) {
    const Cut parts = cut(line, ':');
    const std::string name(trim(parts.before));
    if (!parts.found || name == "lo") continue;
    const std::vector<std::string_view> words = words_of(parts.after);
    for (const auto& [column, place] : kColumns) networks[name][column] = number_of(words, place);
  }
  return networks;
}

double sum_of(const Json& networks, const char* column) {
  double sum = 0;
  for (const Json& each : networks) sum += each.value(column, 0.0);
  return sum;
}

Json rates_of(const ContainerSample& before, const ContainerSample& now) {
  const double seconds = static_cast<double>(now.taken - before.taken) / kNanosPerSecond;
  const Json old = networks_of(before.net_dev);
  const Json fresh = networks_of(now.net_dev);
  return {{"rx_bytes_per_sec", (sum_of(fresh, "rx_bytes") - sum_of(old, "rx_bytes")) / seconds},
          {"tx_bytes_per_sec", (sum_of(fresh, "tx_bytes") - sum_of(old, "tx_bytes")) / seconds}};
}

Json io_entry(const char* operation, std::uint64_t bytes) {
  return {{"major", 0}, {"minor", 0}, {"op", operation}, {"value", bytes}};
}

}  // namespace

Result<ContainerSample> sample_container(const EngineLayout& layout,
                                         const ContainerRecord& record) {
  IK_LET(state, load_state(layout.runtime_states(), record.id));
  IK_LET(cgroup, Cgroup::open(state.cgroup_path));
  IK_LET(stats, cgroup.stats());
  ContainerSample sample;
  sample.taken = unix_now();
  const std::vector<pid_t> processes = cgroup.processes().value_or(std::vector<pid_t>());
  sample.processes = stats.pids_current != 0 ? stats.pids_current : processes.size();
  sample.memory_bytes =
      stats.memory_current_bytes != 0 ? stats.memory_current_bytes : resident_bytes(processes);
  struct sysinfo info {};
  if (::sysinfo(&info) == 0)
    sample.memory_limit_bytes = std::uint64_t{info.totalram} * info.mem_unit;
  if (stats.memory_limit_bytes != 0 && stats.memory_limit_bytes < sample.memory_limit_bytes) {
    sample.memory_limit_bytes = stats.memory_limit_bytes;
  }
  sample.system_cpu_ns = read_system_cpu_ns();
  sample.net_dev =
      read_file(fmt::format("/proc/{}/net/dev", state.pid), kMaxProcFile).value_or(std::string());
  sample.cgroup = std::move(stats);
  return sample;
}

Json container_stats(const ContainerRecord& record,
                     const ContainerSample& before,
                     const ContainerSample& now) {
  Json stats = {
      {"read", format_rfc3339(now.taken)},
      {"preread", before.taken == 0 ? "0001-01-01T00:00:00Z" : format_rfc3339(before.taken)},
      {"id", record.id},
      {"name", "/" + record.name},
      {"num_procs", 0},
      {"storage_stats", Json::object()},
      {"pids_stats", {{"current", now.processes}}},
      {"cpu_stats", cpu_stats(now)},
      {"precpu_stats", cpu_stats(before)},
      {"memory_stats",
       {{"usage", now.memory_bytes},
        {"limit", now.memory_limit_bytes},
        {"stats", now.cgroup.memory}}},
      {"blkio_stats",
       {{"io_service_bytes_recursive",
         Json::array({io_entry("read", now.cgroup.io_read_bytes),
                      io_entry("write", now.cgroup.io_write_bytes)})}}},
      {"networks", networks_of(now.net_dev)}};
  if (now.cgroup.pids_limit != 0) stats["pids_stats"]["limit"] = now.cgroup.pids_limit;
  if (before.taken != 0 && now.taken > before.taken) {
    stats["network_rate_stats"] = rates_of(before, now);
  }
  return stats;
}

}  // namespace ikada
