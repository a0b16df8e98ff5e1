// A cgroup v2 directory that belongs to one container.
//
// Nothing here waits for processes unless it says so: kill() returns once the kernel has taken the
// request, and remove() fails with EBUSY until the last process has been reaped. The object owns
// the directory fd, not the directory. Nothing ever writes cgroup.procs: processes are born in the
// cgroup by clone3(2) with CLONE_INTO_CGROUP and fd().
//
// Paths are relative to the cgroup2 root and begin with '/': "/ikada/web-1". They are taken as
// names only: no "..", no empty part.
//
// Source: Linux Documentation/admin-guide/cgroup-v2.rst; cgroups(7).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/cgroup/resources.h"
#include "runtime/cgroup/write_plan.h"

namespace ikada {

// Where cgroup2 is mounted, from /proc/self/mountinfo: "/sys/fs/cgroup", or
// "/sys/fs/cgroup/unified" on a hybrid host. kUnavailable if it is not mounted.
Result<std::string> find_cgroup2_mount();

// The same from the text of a mountinfo file.
Result<std::string> find_cgroup2_mount_in(std::string_view mountinfo);

// What `stats` shows. Values of controllers that are not there are 0.
struct CgroupStats {
  std::uint64_t memory_current_bytes = 0;
  std::uint64_t memory_limit_bytes = 0;  // 0: none.
  std::uint64_t memory_inactive_file_bytes = 0;
  std::uint64_t cpu_usage_us = 0;
  std::uint64_t cpu_throttled_periods = 0;
  std::uint64_t pids_current = 0;
  std::uint64_t pids_limit = 0;  // 0: none.
  std::uint64_t io_read_bytes = 0;
  std::uint64_t io_write_bytes = 0;
  std::map<std::string, std::uint64_t> memory;  // memory.stat
  std::map<std::string, std::uint64_t> cpu;     // cpu.stat
};

class Cgroup {
 public:
  // Creates `path` with its parents and enables on the way down the controllers that `writes` need.
  // kConflict if
  // it exists already; kUnavailable, naming it, if a controller is not there.
  static Result<Cgroup> create(std::string_view path, std::span<const CgroupWrite> writes = {});

  // Opens one that exists. kNotFound otherwise.
  static Result<Cgroup> open(std::string_view path);

  // The directory, for CLONE_INTO_CGROUP.
  int fd() const { return dir_.get(); }
  const std::string& path() const { return path_; }

  // Makes the writes in order and stops at the first failure; earlier writes stay in effect.
  // kUnavailable if the controller is missing.
  Result<void> apply(std::span<const CgroupWrite> writes);

  // Attaches the device program for `rules`, in place of an earlier one.
  Result<void> apply_devices(std::span<const DeviceRule> rules);

  // Sends SIGKILL to every process of the subtree (cgroup.kill, Linux 5.14).
  Result<void> kill();

  // Freezes or thaws the subtree and waits until cgroup.events says so, at most `timeout_ms`.
  Result<void> freeze(int timeout_ms = 10000);
  Result<void> thaw(int timeout_ms = 10000);
  Result<bool> frozen() const;

  // Waits until no process is left in the subtree, at most `timeout_ms`; kUnavailable then.
  Result<void> wait_until_empty(int timeout_ms);

  // Whether any process lives in the subtree.
  Result<bool> populated() const;

  // Every process of the subtree, as pids of the caller's pid namespace, sorted.
  Result<std::vector<pid_t>> processes() const;

  Result<CgroupStats> stats() const;

  // How many processes the kernel has killed here for want of memory; 0 without the controller.
  Result<std::uint64_t> oom_kills() const;

  // Removes the directory and those below it. The caller has reaped the processes; EBUSY is retried
  // for at most a second. A directory that is gone already is not an error.
  Result<void> remove() &&;

 private:
  Cgroup(UniqueFd dir, std::string root, std::string path);

  UniqueFd dir_;
  std::string root_;  // Where cgroup2 is mounted.
  std::string path_;  // Relative to the cgroup2 root; for messages.
};

}  // namespace ikada
