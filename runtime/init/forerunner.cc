#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/init/child.h"
#include "runtime/init/first_process.h"

namespace ikada {
namespace {

constexpr int kFailed = 255;

enum class Turn { kWithOurRights, kInUserNamespace };

// In the first turn a namespace that our rights do not reach is left for the second.
InitReport join_all(const InitPlan& plan, Turn turn, std::uint64_t& joined) {
  unsigned item = 0;
  for (const JoinedNamespace& each : plan.joined) {
    const std::uint64_t bit = std::uint64_t{1} << item;
    const bool is_user = each.flag == CLONE_NEWUSER;
    if (!is_user && (joined & bit) == 0) {
      if (::setns(each.fd.get(), each.flag) == 0) {
        joined |= bit;
      } else if (errno != EPERM || turn == Turn::kInUserNamespace) {
        return failed(InitStep::kJoinNamespaces, errno, item);
      }
    }
    ++item;
  }
  return {};
}

InitReport join_user(const InitPlan& plan) {
  unsigned item = 0;
  for (const JoinedNamespace& each : plan.joined) {
    if (each.flag == CLONE_NEWUSER) {
      if (::setns(each.fd.get(), each.flag) != 0) {
        return failed(InitStep::kJoinNamespaces, errno, item);
      }
      return become_root();
    }
    ++item;
  }
  return {};
}

InitReport clone_sibling(const InitPlan& plan, std::uint64_t flags, int report_fd, int& pidfd) {
  clone_args arguments{};
  // A sibling: its parent and what it is ended with are ours.
  arguments.flags = flags | CLONE_PARENT | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof(arguments));
  if (pid < 0) return failed(InitStep::kCloneSibling, errno);
  if (pid > 0) return {};
  ::close(report_fd);
  run_first_process(plan);
}

}  // namespace

void run_forerunner(const InitPlan& plan, std::uint64_t flags, int report_fd) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  std::uint64_t joined = 0;
  int pidfd = -1;
  InitReport report = join_all(plan, Turn::kWithOurRights, joined);
  if (!is_failure(report)) report = join_user(plan);
  if (!is_failure(report)) report = join_all(plan, Turn::kInUserNamespace, joined);
  if (!is_failure(report)) report = clone_sibling(plan, flags, report_fd, pidfd);
  send_report(report_fd, report, pidfd);
  ::_exit(is_failure(report) ? kFailed : 0);
}

}  // namespace ikada
