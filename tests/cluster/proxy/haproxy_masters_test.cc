// Processes that stand for HAProxy: the shell under its name.
#include "cluster/proxy/haproxy_masters.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include <doctest/doctest.h>

#include "tests/runtime/sys/scratch_directory.h"

namespace ikada {
namespace {

constexpr const char* kScript = "echo; kill -STOP $$; :";

struct Processes {
  Processes() { std::filesystem::create_symlink("/bin/sh", program); }
  ~Processes() {
    for (const pid_t pid : find_haproxys(config)) ::kill(pid, SIGKILL);
    if (parent > 0) ::kill(parent, SIGKILL);
    if (parent > 0) ::waitpid(parent, nullptr, 0);
  }

  // One that reads the file, the child of a process of that name, which does not seem to.
  void start(const char* name_of_parent) {
    int ends[2] = {-1, -1};
    REQUIRE(::pipe(ends) == 0);
    parent = ::fork();
    if (parent == 0) {
      ::prctl(PR_SET_NAME, name_of_parent);
      if (::fork() == 0) {
        ::dup2(ends[1], STDOUT_FILENO);
        ::execl(program.c_str(), "haproxy", "-c", kScript, "-f", config.c_str(), nullptr);
        ::_exit(1);
      }
      while (true) ::pause();
    }
    char line = 0;
    REQUIRE(::read(ends[0], &line, 1) == 1);
    ::close(ends[0]);
    ::close(ends[1]);
  }

  pid_t found() const {
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
