#include "runtime/cgroup/cgroup.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/cgroup/device_program.h"
#include "runtime/cgroup/flat_keyed.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxFileBytes = size_t{16} << 20;
constexpr int kMaxDepth = 64;
constexpr int kRemoveTries = 12;  // Waiting 1, 2, 4 … 128 ms between them: about a second in all.

// Turned on whenever they are there, so that `stats` and the OOM count have something to say.
constexpr std::array<std::string_view, 4> kWantedControllers = {"cpu", "io", "memory", "pids"};

// The names between the slashes. kInvalid for a path that is not plain.
Result<std::vector<std::string>> components_of(std::string_view path) {
  std::vector<std::string> names;
  for (const std::string_view name : split(path.substr(path.starts_with('/') ? 1 : 0), '/')) {
    if (name.empty() || name == "." || name == "..") {
      return make_error(ErrorKind::kInvalid, "cgroup path {:?} is not plain", path);
    }
    names.emplace_back(name);
  }
  return names;
}

Result<std::string> read_file_at(int dir_fd, const std::string& name) {
  IK_LET(fd, open_file_at(dir_fd, name, O_RDONLY));
  return read_fd(fd.get(), kMaxFileBytes);
}

// One write(2): the kernel takes each write as a whole command.
Result<void> write_file_at(int dir_fd, const std::string& name, std::string_view value) {
  IK_LET(fd, open_file_at(dir_fd, name, O_WRONLY));
  if (::write(fd.get(), value.data(), value.size()) < 0) {
    return errno_error("write {:?} to {}", value, name);
  }
  return {};
}

Error missing_controller(std::string_view purpose,
                         std::string_view controller,
                         std::string_view where) {
  return make_error(ErrorKind::kUnavailable,
                    "{}: cgroup controller {} is not available at {}",
                    purpose,
                    controller,
                    where);
}

// The controllers that `writes` need and those that are wanted anyway, as far as they are there and
// not enabled yet for the children of `dir_fd`.
Result<std::vector<std::string>> controllers_to_enable(int dir_fd,
                                                       std::span<const CgroupWrite> writes,
                                                       const std::string& where) {
  IK_LET(available, read_file_at(dir_fd, "cgroup.controllers"));
  for (const CgroupWrite& write : writes) {
    if (!write.lifts_limit() && !has_word(available, write.controller)) {
      return missing_controller(write.purpose, write.controller, where);
    }
  }
  std::vector<std::string> controllers = needed_controllers(writes);
  for (const std::string_view wanted : kWantedControllers) {
    if (has_word(available, wanted)) controllers.emplace_back(wanted);
  }
  if (controllers.empty()) return controllers;
  IK_LET(enabled, read_file_at(dir_fd, "cgroup.subtree_control"));
  std::erase_if(controllers, [&](const std::string& each) { return has_word(enabled, each); });
  return controllers;
}

// Lets the children of `dir_fd` use the controllers that `writes` need and those that are wanted
// anyway.
Result<void> enable_controllers(int dir_fd,
                                std::span<const CgroupWrite> writes,
                                const std::string& where,
                                bool is_root) {
  IK_LET(controllers, controllers_to_enable(dir_fd, writes, where));
  if (controllers.empty()) return {};
  const auto is_needed = [&](const std::string& controller) {
    return std::any_of(writes.begin(), writes.end(), [&](const CgroupWrite& write) {
      return write.controller == controller && !write.lifts_limit();
    });
  };
  // Below a cgroup with processes of its own there are no controllers. The kernel does take those
  // for threads there, but then no process can be put below any more.
  IK_LET(processes, is_root ? Result<std::string>() : read_file_at(dir_fd, "cgroup.procs"));
  if (!processes.empty()) {
    if (std::none_of(controllers.begin(), controllers.end(), is_needed)) return {};
    return make_error(ErrorKind::kConflict,
                      "cgroup {} has processes of its own, so there can be no limits below it",
                      where);
  }
  for (const std::string& controller : controllers) {
    Result<void> written = write_file_at(dir_fd, "cgroup.subtree_control", "+" + controller);
    if (!written && is_needed(controller)) return std::move(written).context("cgroup {}", where);
  }
  return {};
}

std::int64_t monotonic_ms() {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

void sleep_ms(int milliseconds) {
  const timespec pause = {.tv_sec = milliseconds / 1000,
                          .tv_nsec = (milliseconds % 1000) * 1000000L};
  ::nanosleep(&pause, nullptr);
}

// Waits until `key` in cgroup.events is `wanted`. The kernel signals each change as POLLPRI.
Result<void> wait_for_event(int dir_fd,
                            const std::string& key,
                            std::uint64_t wanted,
                            int timeout_ms) {
  IK_LET(events, open_file_at(dir_fd, "cgroup.events", O_RDONLY));
  const std::int64_t deadline = monotonic_ms() + timeout_ms;
  while (true) {
    if (::lseek(events.get(), 0, SEEK_SET) < 0) return errno_error("rewind cgroup.events");
    IK_LET(text, read_fd(events.get(), kMaxFileBytes));
    const auto values = parse_flat_keyed(text);
    const auto found = values.find(key);
    if (found != values.end() && found->second == wanted) return {};
    const std::int64_t left = deadline - monotonic_ms();
    if (left <= 0) {
      return make_error(ErrorKind::kUnavailable,
                        "cgroup.events: {} is not {} after {} ms",
                        key,
                        wanted,
                        timeout_ms);
    }
    pollfd poll_fd = {.fd = events.get(), .events = POLLPRI, .revents = 0};
    if (::poll(&poll_fd, 1, static_cast<int>(left)) < 0 && errno != EINTR) {
      return errno_error("poll cgroup.events");
    }
  }
}

bool is_directory_at(int dir_fd, const std::string& name) {
  struct stat status = {};
  return ::fstatat(dir_fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(status.st_mode);
}

// The cgroups right below `dir_fd`. Every file of a cgroup has a dot in its name and a cgroup of
// ours has none, but those of a container may.
Result<std::vector<std::string>> children_of(int dir_fd) {
  IK_LET(names, list_directory(fmt::format("/proc/self/fd/{}", dir_fd)));
  std::erase_if(names, [&](const std::string& name) { return !is_directory_at(dir_fd, name); });
  return names;
}

Result<void> collect_processes(int dir_fd, int depth, std::vector<pid_t>& pids) {
  const Result<std::string> text = read_file_at(dir_fd, "cgroup.procs");
  // A threaded cgroup has its processes listed in the one above.
  if (!text && text.error().errno_value != EOPNOTSUPP) return text.error();
  if (text) {
    for (const std::string_view line : split(*text, '\n')) {
      const auto pid = parse_unsigned(line, INT32_MAX);
      if (pid && *pid != 0) pids.push_back(static_cast<pid_t>(*pid));
    }
  }
  if (depth >= kMaxDepth) return {};
  IK_LET(children, children_of(dir_fd));
  for (const std::string& name : children) {
    Result<UniqueFd> child = open_file_at(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!child) continue;  // Removed meanwhile.
    IK_TRY(collect_processes(child->get(), depth + 1, pids));
  }
  return {};
}

// Removes what is below `dir_fd`, depth first. What cannot be removed shows when the parent is.
void remove_children(int dir_fd, int depth) {
  const auto children = children_of(dir_fd);
  if (!children || depth >= kMaxDepth) return;
  for (const std::string& name : *children) {
    const Result<UniqueFd> child = open_file_at(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (child) remove_children(child->get(), depth + 1);
    ::unlinkat(dir_fd, name.c_str(), AT_REMOVEDIR);
  }
}

}  // namespace

Cgroup::Cgroup(UniqueFd dir, std::string root, std::string path)
    : dir_(std::move(dir)), root_(std::move(root)), path_(std::move(path)) {}

Result<Cgroup> Cgroup::create(std::string_view path, std::span<const CgroupWrite> writes) {
  IK_LET(root, find_cgroup2_mount());
  IK_LET(names, components_of(path));
  IK_LET(dir, open_file(root, O_RDONLY | O_DIRECTORY));
  std::string where = root;
  for (size_t at = 0; at < names.size(); ++at) {
    const bool last = at + 1 == names.size();
    IK_TRY(enable_controllers(dir.get(), writes, where, at == 0));
    where += "/" + names[at];
    if (::mkdirat(dir.get(), names[at].c_str(), 0755) < 0 && (errno != EEXIST || last)) {
      return errno_error("make cgroup {}", where);
    }
    Result<UniqueFd> next = open_file_at(dir.get(), names[at], O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!next) return std::move(next).context("cgroup {}", where).error();
    dir = std::move(*next);
  }
  return Cgroup(std::move(dir), std::move(root), "/" + join(names, "/"));
}

Result<Cgroup> Cgroup::open(std::string_view path) {
  IK_LET(root, find_cgroup2_mount());
  IK_LET(names, components_of(path));
  const std::string plain = "/" + join(names, "/");
  IK_LET(dir, open_file(root + plain, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  return Cgroup(std::move(dir), std::move(root), plain);
}

Result<void> Cgroup::apply(std::span<const CgroupWrite> writes) {
  for (const CgroupWrite& write : writes) {
    Result<void> written = write_file_at(dir_.get(), write.file, write.value);
    if (written) continue;
    if (written.error().errno_value == ENOENT) {
      if (write.lifts_limit()) continue;
      IK_LET(available, read_file_at(dir_.get(), "cgroup.controllers"));
      if (!has_word(available, write.controller)) {
        return missing_controller(write.purpose, write.controller, root_);
      }
      // A kernel without swap accounting has the controller but not the file.
      if (write.file == "memory.swap.max") continue;
    }
    return std::move(written).context("{}: cgroup {}", write.purpose, path_);
  }
  return {};
}

Result<void> Cgroup::apply_devices(std::span<const DeviceRule> rules) {
  return attach_device_program(dir_.get(), device_program(rules)).context("cgroup {}", path_);
}

Result<void> Cgroup::kill() {
  return write_file_at(dir_.get(), "cgroup.kill", "1").context("cgroup {}", path_);
}

Result<void> Cgroup::freeze(int timeout_ms) {
  IK_TRY(write_file_at(dir_.get(), "cgroup.freeze", "1").context("cgroup {}", path_));
  return wait_for_event(dir_.get(), "frozen", 1, timeout_ms).context("cgroup {}", path_);
}

Result<void> Cgroup::thaw(int timeout_ms) {
  IK_TRY(write_file_at(dir_.get(), "cgroup.freeze", "0").context("cgroup {}", path_));
  return wait_for_event(dir_.get(), "frozen", 0, timeout_ms).context("cgroup {}", path_);
}

Result<bool> Cgroup::frozen() const {
  IK_LET(text, read_file_at(dir_.get(), "cgroup.events"));
  const auto values = parse_flat_keyed(text);
  const auto found = values.find("frozen");
  return found != values.end() && found->second == 1;
}

Result<void> Cgroup::wait_until_empty(int timeout_ms) {
  return wait_for_event(dir_.get(), "populated", 0, timeout_ms).context("cgroup {}", path_);
}

Result<bool> Cgroup::populated() const {
  IK_LET(text, read_file_at(dir_.get(), "cgroup.events"));
  const auto values = parse_flat_keyed(text);
  const auto found = values.find("populated");
  return found != values.end() && found->second == 1;
}

Result<std::vector<pid_t>> Cgroup::processes() const {
  std::vector<pid_t> pids;
  IK_TRY(collect_processes(dir_.get(), 0, pids).context("cgroup {}", path_));
  std::sort(pids.begin(), pids.end());
  pids.erase(std::unique(pids.begin(), pids.end()), pids.end());
  return pids;
}

Result<void> Cgroup::remove() && {
  const std::string directory = root_ + path_;
  int pause_ms = 1;
  for (int tries = 1;; ++tries) {
    if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) return {};
    if (errno != EBUSY || tries == kRemoveTries) return errno_error("remove cgroup {}", path_);
    remove_children(dir_.get(), 0);
    if (tries > 1) sleep_ms(pause_ms);
    pause_ms = std::min(pause_ms * 2, 128);
  }
}

}  // namespace ikada
