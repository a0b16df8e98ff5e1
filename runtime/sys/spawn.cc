#include "runtime/sys/spawn.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

std::vector<char*> c_pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& each : strings) pointers.push_back(const_cast<char*>(each.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// posix_spawn dup2s in order, so a source that is also a later target would be overwritten. Moving
// every source above all targets first makes the order irrelevant.
Result<std::vector<UniqueFd>> lift_sources(const std::vector<std::pair<int, int>>& fds) {
  int highest = 2;
  for (const auto& [ours, theirs] : fds) highest = std::max(highest, theirs);
  std::vector<UniqueFd> lifted;
  for (const auto& [ours, theirs] : fds) {
    UniqueFd fd(::fcntl(ours, F_DUPFD_CLOEXEC, highest + 1));
    if (!fd) return errno_error("duplicate descriptor {}", ours);
    lifted.push_back(std::move(fd));
  }
  return lifted;
}

struct FileActions {
  posix_spawn_file_actions_t value;
  FileActions() { ::posix_spawn_file_actions_init(&value); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&value); }
};

struct Attributes {
  posix_spawnattr_t value;
  Attributes() { ::posix_spawnattr_init(&value); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { ::posix_spawnattr_destroy(&value); }
};

}  // namespace

Result<pid_t> spawn(const SpawnOptions& options) {
  IK_LET(lifted, lift_sources(options.fds));
  FileActions actions;
  for (size_t i = 0; i < lifted.size(); ++i) {
    ::posix_spawn_file_actions_adddup2(&actions.value, lifted[i].get(), options.fds[i].second);
  }
  // The program starts with no signal blocked and every handler at its default.
  Attributes attributes;
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes.value, &none);
  ::posix_spawnattr_setsigdefault(&attributes.value, &all);
  int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  if (options.new_session) flags |= POSIX_SPAWN_SETSID;
  ::posix_spawnattr_setflags(&attributes.value, static_cast<short>(flags));

  std::vector<char*> argv = c_pointers(options.arguments);
  std::vector<char*> envp = c_pointers(options.environment);
  pid_t pid = -1;
  const int status = ::posix_spawn(
      &pid, options.program.c_str(), &actions.value, &attributes.value, argv.data(), envp.data());
  if (status != 0) return errno_error_from(status, "execute " + options.program);
  return pid;
}

Result<ExitStatus> wait_for_child(pid_t pid) {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0) {
    if (errno != EINTR) return errno_error("wait for process {}", pid);
  }
  if (info.si_code == CLD_EXITED) return ExitStatus{.code = info.si_status};
  return ExitStatus{.signal = info.si_status};
}

Result<UniqueFd> open_pidfd(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0 && errno == ESRCH) {
    return make_error(ErrorKind::kNotFound, "process {} does not exist", pid);
  }
  if (fd < 0) return errno_error("pidfd_open {}", pid);
  return UniqueFd(static_cast<int>(fd));
}

Result<void> send_signal(int pid_fd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pid_fd, signal, nullptr, 0) == 0) return {};
  if (errno == ESRCH) return make_error(ErrorKind::kNotFound, "the process has ended");
  return errno_error("send signal {}", signal);
}

Result<ProcessStat> read_process_stat(pid_t pid) {
  IK_LET(stat, read_file(fmt::format("/proc/{}/stat", pid), 4096));
  // proc(5): the second field is the name in parentheses and may itself hold spaces and
  // parentheses.
  const size_t name_end = stat.rfind(')');
  const std::vector<std::string_view> fields =
      split(std::string_view(stat).substr(std::min(name_end, stat.size() - 1)), ' ');
  // Fields 3 and 22, counted from the one that ends with ')', which is field 2.
  constexpr size_t kState = 1;
  constexpr size_t kStartTime = 20;
  if (fields.size() <= kStartTime || fields[kState].empty()) {
    return make_error(ErrorKind::kInternal, "/proc/{}/stat is too short", pid);
  }
  IK_LET(start_time, parse_unsigned(fields[kStartTime]));
  return ProcessStat{.state = fields[kState][0], .start_time = start_time};
}

Result<std::uint64_t> process_start_time(pid_t pid) {
  IK_LET(stat, read_process_stat(pid));
  return stat.start_time;
}

}  // namespace ikada
