#include "cluster/agent/monitor_reaper.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace ikada {
namespace {

pid_t make_child(bool ends) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  while (!ends) ::pause();
  ::_exit(0);
}

void wait_for_end(pid_t pid) {
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
}

}  // namespace

TEST_CASE("monitors that have ended are reaped, others and other children are not") {
  MonitorReaper reaper;
  const pid_t ended = make_child(true);
  const pid_t alive = make_child(false);
  const pid_t other = make_child(true);
  wait_for_end(ended);
  wait_for_end(other);
  reaper.add(ended);
  reaper.add(alive);

  reaper.reap();

  CHECK(reaper.size() == 1);
  CHECK(::waitpid(ended, nullptr, WNOHANG) == -1);
  CHECK(::waitpid(other, nullptr, WNOHANG) == other);
  ::kill(alive, SIGKILL);
  wait_for_end(alive);
  reaper.reap();
  CHECK(reaper.size() == 0);
}

TEST_CASE("children from before are reaped when they end") {
  const pid_t ended = make_child(true);
  const pid_t alive = make_child(false);
  wait_for_end(ended);
  MonitorReaper reaper;
  reaper.add_inherited();
  CHECK(reaper.size() == 2);

  reaper.reap();

  CHECK(reaper.size() == 1);
  CHECK(::waitpid(ended, nullptr, WNOHANG) == -1);
  ::kill(alive, SIGKILL);
  wait_for_end(alive);
  reaper.reap();
  CHECK(reaper.size() == 0);
}

TEST_CASE("a monitor that somebody else has reaped is forgotten") {
  MonitorReaper reaper;
  const pid_t ended = make_child(true);
  REQUIRE(::waitpid(ended, nullptr, 0) == ended);
  reaper.add(ended);

  reaper.reap();

  CHECK(reaper.size() == 0);
}

}  // namespace ikada
