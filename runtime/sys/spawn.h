// Starting another program with exactly the descriptors it needs.
//
// Source: posix_spawn(3), pidfd_open(2), waitid(2).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct SpawnOptions {
  std::string program;                   // Absolute path.
  std::vector<std::string> arguments;    // With argv[0].
  std::vector<std::string> environment;  // Exactly this; empty means an empty environment.
  std::vector<std::pair<int, int>>
      fds;  // {ours, its number in the program}; all others are closed by O_CLOEXEC.
  bool new_session = false;  // setsid(2), so that the terminal's signals do not reach it.
};

// Starts the program; the caller reaps it. Descriptors 0, 1 and 2 that are not in `fds` are
// inherited. kNotFound if there is no such program.
Result<pid_t> spawn(const SpawnOptions& options);

// How a process ended.
struct ExitStatus {
  int code = 0;    // exit(3)'s value, when signal is 0.
  int signal = 0;  // The signal that killed it.

  // As shells and docker report it: the code, or 128 + signal.
  int shell_status() const { return signal != 0 ? 128 + signal : code; }
};

// Waits for a child of ours to end and reaps it.
Result<ExitStatus> wait_for_child(pid_t pid);

// pidfd_open(2).
Result<UniqueFd> open_pidfd(pid_t pid);

// pidfd_send_signal(2). kNotFound if the process is gone.
Result<void> send_signal(int pid_fd, int signal);

// Fields of /proc/PID/stat.
struct ProcessStat {
  char state = 0;                // 'R', 'S', 'Z' (ended, not yet reaped) and so on.
  std::uint64_t start_time = 0;  // In clock ticks since boot.
};
Result<ProcessStat> read_process_stat(pid_t pid);

// Field 22 of /proc/PID/stat: start time in clock ticks since boot. With the pid it names a process
// for good, because a reused pid has another start time. kNotFound if there is no such process.
Result<std::uint64_t> process_start_time(pid_t pid);

}  // namespace ikada
