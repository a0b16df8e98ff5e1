#include <poll.h>

#include "cmd/ikada-runtime/arguments.h"
#include "cmd/ikada-runtime/commands.h"
#include "runtime/base/number.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/container/state.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

constexpr std::uint64_t kMaxIntervalS = 86'400;
constexpr std::uint64_t kNanosecondsPerMicrosecond = 1000;

std::uint64_t cpu_ns(const CgroupStats& stats, const char* key) {
  const auto found = stats.cpu.find(key);
  return found == stats.cpu.end() ? 0 : found->second * kNanosecondsPerMicrosecond;
}

std::uint64_t count_of(const CgroupStats& stats, const char* key) {
  const auto found = stats.cpu.find(key);
  return found == stats.cpu.end() ? 0 : found->second;
}

// In the form of runc's events, whose readers there are.
Json stats_event(const std::string& id, const CgroupStats& stats) {
  const Json usage = {{"total", cpu_ns(stats, "usage_usec")},
                      {"user", cpu_ns(stats, "user_usec")},
                      {"kernel", cpu_ns(stats, "system_usec")}};
  const Json throttling = {{"periods", count_of(stats, "nr_periods")},
                           {"throttledPeriods", stats.cpu_throttled_periods},
                           {"throttledTime", cpu_ns(stats, "throttled_usec")}};
  const Json memory = {
      {"usage", {{"usage", stats.memory_current_bytes}, {"limit", stats.memory_limit_bytes}}},
      {"raw", stats.memory}};
  const Json pids = {{"current", stats.pids_current}, {"limit", stats.pids_limit}};
  return {{"type", "stats"},
          {"id", id},
          {"data",
           {{"cpu", {{"usage", usage}, {"throttling", throttling}}},
            {"memory", memory},
            {"pids", pids}}}};
}

Result<void> print_stats(const Cgroup& cgroup, const std::string& id) {
  IK_LET(stats, cgroup.stats());
  return print(stats_event(id, stats).dump() + "\n");
}

// Until the first process has ended, and its cgroup says nothing any more.
Result<void> follow(const Cgroup& cgroup, const ContainerState& state, std::uint64_t interval_s) {
  IK_LET(pidfd, open_pidfd(state.pid));
  IK_LET(seen, cgroup.oom_kills());
  while (is_alive(state)) {
    IK_TRY(print_stats(cgroup, state.id));
    pollfd wait{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(interval_s) * 1000);
    if (ready < 0 && errno != EINTR) return errno_error("poll");
    const Result<std::uint64_t> kills = cgroup.oom_kills();
    if (kills.has_value() && *kills > seen) {
      seen = *kills;
      IK_TRY(print(Json{{"type", "oom"}, {"id", state.id}}.dump() + "\n"));
    }
  }
  return {};
}

// "5s", as runc takes it, or "5".
Result<std::uint64_t> parse_interval(std::string_view text) {
  if (text.ends_with('s')) text.remove_suffix(1);
  IK_LET(seconds, parse_unsigned(text, kMaxIntervalS).context("--interval"));
  if (seconds == 0) return make_error(ErrorKind::kInvalid, "--interval: must be above 0");
  return seconds;
}

}  // namespace

Result<int> events_command(const RuntimeContext& context, Words words) {
  bool once = false;
  std::string interval = "5s";
  const Option table[] = {{.name = "--stats", .letter = "", .flag = &once},
                          {.name = "--interval", .letter = "", .value = &interval}};
  IK_LET(arguments, parse_all(words, table));
  IK_LET(id, single_id(arguments));
  IK_LET(interval_s, parse_interval(interval));
  IK_LET(state, load_state(context.state_root, id));
  if (!is_alive(state)) {
    return make_error(ErrorKind::kConflict, "container {} is not running", id);
  }
  IK_LET(cgroup, Cgroup::open(state.cgroup_path));
  if (once) {
    IK_TRY(print_stats(cgroup, id));
  } else {
    IK_TRY(follow(cgroup, state, interval_s));
  }
  return 0;
}

}  // namespace ikada
