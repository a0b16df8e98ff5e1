// Processes that stand for HAProxy: the shell under its name.
#include "cluster/proxy/haproxy_masters.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include <doctest/doctest.h>

#include "tests/runtime/sys/scratch_directory.h"

namespace ikada {
namespace {

struct Processes {
  Processes() { std::filesystem::create_symlink("/bin/sh", program); }
  ~Processes() {
    for (const pid_t pid : find_haproxys(config)) ::kill(pid, SIGKILL);
    if (parent > 0) ::kill(parent, SIGKILL);
    if (parent > 0) ::waitpid(parent, nullptr, 0);
  }

  // One that reads the file, the child of a process of that name, which does not seem to.
  void start(const char* name_of_parent) {
    parent = ::fork();
    if (parent != 0) return;
    ::prctl(PR_SET_NAME, name_of_parent);
    if (::fork() == 0) {
      ::execl(program.c_str(), "haproxy", "-c", "sleep 60; :", "-f", config.c_str(), nullptr);
      ::_exit(1);
    }
    while (true) ::pause();
  }

  pid_t found() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (find_haproxys(config).empty() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    const std::vector<pid_t> all = find_haproxys(config);
    REQUIRE(all.size() == 1);
    return all.front();
  }

  ScratchDirectory scratch = {};
  std::string program = scratch.path + "/haproxy";
  std::string config = scratch.path + "/haproxy.cfg";
  pid_t parent = -1;
};

TEST_CASE("a worker of a master that executes itself anew is no master") {
  Processes processes;
  processes.start("haproxy");
  processes.found();
  CHECK(find_haproxy_masters(processes.config).empty());
}

TEST_CASE("one that somebody else has started is a master") {
  Processes processes;
  processes.start("ikadad");
  const pid_t pid = processes.found();
  CHECK(find_haproxy_masters(processes.config) == std::vector<pid_t>{pid});
}

}  // namespace
}  // namespace ikada
