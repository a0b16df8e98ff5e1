#include "runtime/init/first_process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/init/child.h"
#include "runtime/mount/hidden_paths.h"
#include "runtime/mount/rooted.h"

namespace ikada {
namespace {

constexpr int kSetUpFailed = 255;

[[noreturn]] void give_up(int fd, const InitReport& report) {
  send_report(fd, report);
  ::_exit(kSetUpFailed);
}

// What the steps hand on to each other.
struct Progress {
  RootView view;
  Terminal terminal;
  int apparmor_fd = -1;
};

InitReport enter_namespaces(const InitPlan& plan, Progress& progress) {
  // A parent that dies takes us along, until the container is complete.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  InitReport report = reset_process_state();
  if (is_failure(report)) return report;
  if (plan.wait_after_clone && !wait_for_go(plan.sync_fd)) ::_exit(kSetUpFailed);
  if (plan.become_root) report = become_root();
  if (is_failure(report)) return report;
  // clone3 would root the new namespace at the parent's cgroup instead of ours.
  if (plan.unshare_cgroup && ::unshare(CLONE_NEWCGROUP) != 0) {
    return failed(InitStep::kCgroupNamespace, errno);
  }
  report = set_up_network(plan.network);
  if (is_failure(report)) return report;
  return open_apparmor(plan.program, progress.apparmor_fd);
}

InitReport write_sysctls(const InitPlan& plan, const RootView& view) {
  if (plan.sysctls.empty()) return {};
  const int proc = view.proc_fd >= 0 ? view.proc_fd : create_filesystem("proc", 0);
  if (proc < 0) {
    return failed(InitStep::kSysctl, -proc, static_cast<unsigned>(plan.sysctls.size()));
  }
  unsigned item = 0;
  for (const SysctlWrite& each : plan.sysctls) {
    const int fd = open_below(proc, each.path.c_str(), O_WRONLY);
    if (fd < 0) return failed(InitStep::kSysctl, -fd, item);
    const ssize_t written = ::write(fd, each.value.data(), each.value.size());
    if (written < 0) return failed(InitStep::kSysctl, errno, item);
    ::close(fd);
    ++item;
  }
  if (proc != view.proc_fd) ::close(proc);
  return {};
}

InitReport make_mounts(const InitPlan& plan, RootView& view) {
  InitReport report = attach_root(plan, view);
  if (is_failure(report)) return report;
  const size_t count = plan.mounts.operations.size();
  for (size_t item = plan.mounts.root_is_overlay ? 1 : 0; item < count; ++item) {
    const MountOutcome outcome = attach_mount(plan.mounts.operations[item], view);
    if (outcome.error == 0) continue;
    return failed(InitStep::kMount,
                  outcome.error,
                  static_cast<unsigned>(item),
                  static_cast<unsigned>(outcome.step));
  }
  return write_sysctls(plan, view);
}

InitReport make_devices(const InitPlan& plan, Progress& progress) {
  const int root_fd = progress.view.root_fd;
  unsigned item = 0;
  int result = make_device_nodes(plan.devices, root_fd, item);
  if (result < 0) return failed(InitStep::kDevice, -result, item);
  result = make_device_links(plan.devices, root_fd, item);
  if (result < 0) return failed(InitStep::kDeviceLink, -result, item);
  const InitReport report = open_terminal(plan.program, root_fd, progress.terminal);
  if (is_failure(report)) return report;
  return bind_console(root_fd, progress.terminal);
}

InitReport hide_paths(const InitPlan& plan, const RootView& view) {
  unsigned item = 0;
  int result = mask_paths(plan.masked_paths, view, item);
  if (result < 0) return failed(InitStep::kMask, -result, item);
  result = make_paths_readonly(plan.readonly_paths, view, item);
  if (result < 0) return failed(InitStep::kReadonlyPath, -result, item);
  return {};
}

InitReport set_names(const InitPlan& plan) {
  if (!plan.hostname.empty() && ::sethostname(plan.hostname.data(), plan.hostname.size()) != 0) {
    return failed(InitStep::kHostname, errno);
  }
  if (!plan.domainname.empty() &&
      ::setdomainname(plan.domainname.data(), plan.domainname.size()) != 0) {
    return failed(InitStep::kDomainname, errno);
  }
  return {};
}

InitReport set_up_container(const InitPlan& plan, Progress& progress) {
  InitReport report = enter_namespaces(plan, progress);
  if (is_failure(report)) return report;
  report = make_mounts(plan, progress.view);
  if (is_failure(report)) return report;
  report = make_devices(plan, progress);
  if (is_failure(report)) return report;
  // The working directory is made if it is missing. If that cannot be done, entering it says why.
  const int cwd = open_or_make_directory(progress.view.root_fd, plan.program.cwd.c_str(), 0, 0755);
  if (cwd >= 0) ::close(cwd);
  report =
      run_hooks(plan.create_container_hooks, plan.hook_state.get(), InitStep::kCreateContainerHook);
  if (is_failure(report)) return report;
  report = hide_paths(plan, progress.view);
  if (is_failure(report)) return report;
  report = enter_root(plan.root, progress.view);
  if (is_failure(report)) return report;
  return set_names(plan);
}

// What a created container waits with: nothing of the host's but what its program will be given.
InitReport keep_what_is_needed(const InitPlan& plan, const Progress& progress) {
  int kept[] = {plan.sync_fd,
                plan.listen_fd,
                plan.hook_state.get(),
                plan.program.stdio[0],
                plan.program.stdio[1],
                plan.program.stdio[2],
                progress.apparmor_fd,
                progress.terminal.master_fd,
                progress.terminal.peer_fd};
  return close_all_but(plan.program, kept);
}

// Waits until `start` has connected and said so; a starter that died in between ends us.
int wait_for_start(int listen_fd) {
  int connection = -1;
  do {
    connection = ::accept4(listen_fd, nullptr, nullptr, SOCK_CLOEXEC);
  } while (connection < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (connection < 0 || !wait_for_go(connection)) ::_exit(kSetUpFailed);
  return connection;
}

}  // namespace

void run_first_process(const InitPlan& plan) {
  Progress progress;
  InitReport report = set_up_container(plan, progress);
  if (!is_failure(report)) report = keep_what_is_needed(plan, progress);
  if (is_failure(report)) give_up(plan.sync_fd, report);
  ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
  send_report(plan.sync_fd, InitReport{}, progress.terminal.master_fd);
  ::close(plan.sync_fd);
  if (progress.terminal.master_fd >= 0) ::close(progress.terminal.master_fd);

  const int connection = wait_for_start(plan.listen_fd);
  report =
      run_hooks(plan.start_container_hooks, plan.hook_state.get(), InitStep::kStartContainerHook);
  if (!is_failure(report)) {
    report = become_program(plan.program, progress.terminal, progress.apparmor_fd, connection);
  }
  give_up(connection, report);
}

void run_joining_process(const JoinPlan& plan) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  InitReport report = reset_process_state();
  int apparmor_fd = -1;
  Terminal terminal;
  if (!is_failure(report)) report = open_apparmor(plan.program, apparmor_fd);
  if (!is_failure(report) && ::setns(plan.target.get(), plan.namespaces) != 0) {
    report = failed(InitStep::kJoinNamespaces, errno);
  }
  if (!is_failure(report) && plan.become_root) report = become_root();
  if (!is_failure(report) && plan.root &&
      (::fchdir(plan.root.get()) != 0 || ::chroot(".") != 0 || ::chdir("/") != 0)) {
    report = failed(InitStep::kJoinNamespaces, errno);
  }
  if (!is_failure(report) && plan.program.terminal) {
    const int root_fd = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    report = open_terminal(plan.program, root_fd, terminal);
  }
  if (!is_failure(report)) {
    ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
    send_report(plan.sync_fd, InitReport{}, terminal.master_fd);
    report = become_program(plan.program, terminal, apparmor_fd, plan.sync_fd);
  }
  give_up(plan.sync_fd, report);
}

}  // namespace ikada
