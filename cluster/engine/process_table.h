// The processes of a container as ps(1) shows them, read from /proc and the container's cgroup
// alone: nothing of the image is run or believed.
//
// Source: ps(1), proc(5).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/engine/container_record.h"
#include "runtime/base/result.h"

namespace ikada {

struct ProcessRow {
  pid_t pid = 0;  // On the host, as the parent's.
  pid_t parent = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string name;     // comm
  std::string command;  // Its arguments, or [comm] if it has none.
  std::string state;    // "S"
  std::string terminal = "?";
  std::int64_t nice = 0;
  std::uint64_t threads = 0;
  double cpu_s = 0;      // User and system time used.
  double elapsed_s = 0;  // Since its start.
  std::int64_t started_at_s = 0;
  std::uint64_t resident_kib = 0;
  std::uint64_t virtual_kib = 0;
};

// What has to be known of the host to read /proc/PID/stat.
struct HostClock {
  std::int64_t ticks_per_s = 100;
  std::int64_t page_bytes = 4096;
  std::int64_t boot_time_s = 0;  // Seconds since 1970.
  std::int64_t now_s = 0;
};

// One line of /proc/PID/stat and the text of its cmdline. kInvalid if it is no such line.
Result<ProcessRow> parse_process(std::string_view stat,
                                 std::string_view cmdline,
                                 const HostClock& clock);

// Sorted by pid. kConflict if the container does not run.
Result<std::vector<ProcessRow>> list_processes(const EngineLayout& layout,
                                               const ContainerRecord& record);

// A table with headers: `words` are ps options, "-ef" if there are none; "aux" and "-o LIST" (also
// "-eo LIST") are understood as well. kInvalid for others, and for lists without "pid".
Result<std::string> format_processes(const std::vector<ProcessRow>& rows,
                                     const std::vector<std::string>& words);

}  // namespace ikada
