#include "runtime/container/init_plan.h"

#include <sched.h>

#include <doctest/doctest.h>

#include "runtime/container/child_namespaces.h"

namespace ikada {
namespace {

TEST_CASE("a cgroup path is the config's, or made from the id") {
  CHECK(plan_cgroup_path("", "web", false).value() == "/ikada/web");
  CHECK(plan_cgroup_path("/a/b", "web", false).value() == "/a/b");
  CHECK(plan_cgroup_path("a/b", "web", false).value() == "/a/b");
}

TEST_CASE("systemd's form of a cgroup path has three parts") {
  CHECK(plan_cgroup_path("machine.slice:libpod:x1", "web", true).value() ==
        "/machine.slice/libpod-x1.scope");
  CHECK(plan_cgroup_path(":libpod:x1", "web", true).value() == "/system.slice/libpod-x1.scope");
  CHECK(!plan_cgroup_path("/a/b", "web", true).has_value());
  CHECK(!plan_cgroup_path("a:b:", "web", true).has_value());
}

TEST_CASE("clone3 makes the new namespaces but the cgroup's and the time's") {
  OciLinux linux_part;
  linux_part.namespaces = {{.flag = CLONE_NEWNS, .path = {}},
                           {.flag = CLONE_NEWNET, .path = "/run/netns/x"},
                           {.flag = CLONE_NEWTIME, .path = {}},
                           {.flag = CLONE_NEWCGROUP, .path = {}},
                           {.flag = CLONE_NEWPID, .path = {}}};

  CHECK(clone_flags(linux_part) == (CLONE_NEWNS | CLONE_NEWPID));
}

TEST_CASE("a program plan takes over the process") {
  OciProcess process;
  process.args = {"true"};
  process.apparmor_profile = "docker-default";
  process.user.uid = 3;
  process.user.additional_gids = {4, 5};

  const ProgramPlan plan = build_program_plan(process, Json()).value();

  CHECK(plan.uid == 3);
  CHECK(plan.additional_gids == std::vector<gid_t>{4, 5});
  CHECK(plan.apparmor == "exec docker-default");
  CHECK(plan.umask == 0022);
  CHECK(plan.seccomp.empty());
}

}  // namespace
}  // namespace ikada
