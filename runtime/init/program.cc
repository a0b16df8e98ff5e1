#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "runtime/init/child.h"
#include "runtime/security/seccomp.h"

namespace ikada {
namespace {

constexpr int kStdioCount = 3;
constexpr CapabilityMask kSysAdmin = CapabilityMask{1} << CAP_SYS_ADMIN;

InitReport set_stdio(const ProgramPlan& plan, const Terminal& terminal) {
  std::array<int, kStdioCount> sources = plan.stdio;
  if (terminal.peer_fd >= 0) sources.fill(terminal.peer_fd);
  if (sources == std::array<int, kStdioCount>{0, 1, 2}) return {};
  // Each source is moved above all targets first, so that none is overwritten before its turn.
  for (int& each : sources) {
    each = ::fcntl(each, F_DUPFD_CLOEXEC, kStdioCount + plan.preserve_fds);
    if (each < 0) return failed(InitStep::kStdio, errno);
  }
  for (int target = 0; target < kStdioCount; ++target) {
    if (::dup2(sources[static_cast<size_t>(target)], target) < 0) {
      return failed(InitStep::kStdio, errno);
    }
  }
  if (terminal.peer_fd >= 0 && ::ioctl(STDIN_FILENO, TIOCSCTTY, 0) != 0) {
    return failed(InitStep::kStdio, errno);
  }
  return {};
}

// A program that is not root may open /dev/stdout anew, which is a new open of the pipe.
void own_pipes(const ProgramPlan& plan) {
  if (plan.uid == 0) return;
  for (int fd = 0; fd < kStdioCount; ++fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode)) continue;
    // A pipe of a user outside our user namespace stays as it is.
    static_cast<void>(::fchown(fd, plan.uid, static_cast<gid_t>(-1)) == 0);
  }
}

InitReport set_resource_limits(const ProgramPlan& plan) {
  for (const ResourceLimit& each : plan.rlimits) {
    // setrlimit's type for the number differs between C and C++.
    if (::syscall(SYS_prlimit64, 0, each.resource, &each.value, nullptr) != 0) {
      return failed(InitStep::kResourceLimit, errno, static_cast<unsigned>(each.resource));
    }
  }
  return {};
}

// The working directory must be inside the root; a path through /proc could lead elsewhere.
int check_cwd() {
  char path[PATH_MAX];
  const long length = ::syscall(SYS_getcwd, path, sizeof(path));
  if (length < 0) return errno;
  return path[0] == '/' ? 0 : EACCES;
}

InitReport set_user(const ProgramPlan& plan) {
  int error = drop_bounding_set(plan.capabilities.bounding);
  if (error == 0) error = keep_capabilities();
  if (error != 0) return failed(InitStep::kBounding, error);
  if (::syscall(SYS_setgroups, plan.additional_gids.size(), plan.additional_gids.data()) != 0) {
    return failed(InitStep::kGroups, errno);
  }
  if (::syscall(SYS_setresgid, plan.gid, plan.gid, plan.gid) != 0) {
    return failed(InitStep::kGid, errno);
  }
  // As root first: the directory may be one that only root can enter. Then as the user, to whom
  // alone a network filesystem may open it.
  const bool entered = ::chdir(plan.cwd.c_str()) == 0;
  if (!entered && errno != EACCES && errno != EPERM) return failed(InitStep::kCwd, errno);
  if (::syscall(SYS_setresuid, plan.uid, plan.uid, plan.uid) != 0) {
    return failed(InitStep::kUid, errno);
  }
  if (!entered && ::chdir(plan.cwd.c_str()) != 0) return failed(InitStep::kCwd, errno);
  error = check_cwd();
  return error == 0 ? InitReport{} : failed(InitStep::kCwd, error);
}

// Without no_new_privs the filter needs CAP_SYS_ADMIN, which is given up right after it.
InitReport set_capabilities_and_filter(const ProgramPlan& plan) {
  if (plan.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return failed(InitStep::kNoNewPrivileges, errno);
  }
  const bool has_filter = !plan.seccomp.empty();
  CapabilitySets sets = plan.capabilities;
  if (has_filter && !plan.no_new_privileges) {
    sets.permitted |= kSysAdmin;
    sets.effective |= kSysAdmin;
  }
  int error = apply_capability_sets(sets);
  if (error != 0) return failed(InitStep::kCapabilities, error);
  if (!has_filter) return {};
  error = load_seccomp_program(plan.seccomp, plan.seccomp_flags);
  if (error != 0) return failed(InitStep::kSeccomp, error);
  if (plan.no_new_privileges) return {};
  error = apply_capability_sets(plan.capabilities);
  return error == 0 ? InitReport{} : failed(InitStep::kCapabilities, error);
}

// As execvp(3): a candidate that is not there or may not be run leaves the next one its chance.
InitReport execute(const ProgramPlan& plan) {
  int error = ENOENT;
  for (const std::string& each : plan.candidates) {
    ::execve(each.c_str(), plan.args.pointers(), plan.env.pointers());
    if (errno == EACCES) {
      error = EACCES;
    } else if (errno != ENOENT && errno != ENOTDIR) {
      return failed(InitStep::kExec, errno);
    }
  }
  return failed(InitStep::kExec, error);
}

}  // namespace

InitReport open_apparmor(const ProgramPlan& plan, int& apparmor_fd) {
  if (plan.apparmor.empty()) return {};
  apparmor_fd = ::open("/proc/thread-self/attr/apparmor/exec", O_WRONLY | O_CLOEXEC);
  if (apparmor_fd < 0) return failed(InitStep::kApparmorOpen, errno);
  struct statfs filesystem {};
  if (::fstatfs(apparmor_fd, &filesystem) != 0) return failed(InitStep::kApparmorOpen, errno);
  if (filesystem.f_type != PROC_SUPER_MAGIC) return failed(InitStep::kApparmorOpen, ENOTSUP);
  return {};
}

InitReport become_program(const ProgramPlan& plan,
                          const Terminal& terminal,
                          int apparmor_fd,
                          int report_fd) {
  if (apparmor_fd >= 0 && ::write(apparmor_fd, plan.apparmor.data(), plan.apparmor.size()) < 0) {
    return failed(InitStep::kApparmor, errno);
  }
  InitReport report = set_stdio(plan, terminal);
  if (is_failure(report)) return report;
  own_pipes(plan);
  // Before anything that a path through /proc/self/fd could reach: working directory and program.
  int kept[] = {report_fd};
  report = close_all_but(plan, kept);
  if (is_failure(report)) return report;
  if (!plan.keyring.empty() &&
      ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, plan.keyring.c_str()) < 0 &&
      errno != ENOSYS && errno != EPERM && errno != EDQUOT) {
    return failed(InitStep::kKeyring, errno);
  }
  report = set_resource_limits(plan);
  if (is_failure(report)) return report;
  ::umask(plan.umask);
  report = set_user(plan);
  if (is_failure(report)) return report;
  // After the change of user, which would undo it.
  if (plan.dies_with_parent) ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  report = set_capabilities_and_filter(plan);
  if (is_failure(report)) return report;
  return execute(plan);
}

}  // namespace ikada
