#include "runtime/mount/plan.h"

#include <sched.h>
#include <sys/mount.h>

#include <doctest/doctest.h>

#include "runtime/mount/attach.h"

namespace ikada {
namespace {

OciConfig make_config(std::vector<OciMount> mounts) {
  OciConfig config;
  config.linux_part.namespaces = {{.flag = CLONE_NEWNS, .path = {}},
                                  {.flag = CLONE_NEWCGROUP, .path = {}}};
  config.mounts = std::move(mounts);
  return config;
}

OciMount make_mount(std::string destination, std::string type, std::string source = "none") {
  return {.destination = std::move(destination),
          .type = std::move(type),
          .source = std::move(source),
          .options = {}};
}

Result<MountPlan> plan(const OciConfig& config) {
  return plan_mounts(config, "/bundle", {.cgroup2_mount = "/sys/fs/cgroup"});
}

std::string error_of(const OciConfig& config) {
  const Result<MountPlan> result = plan(config);
  return result.has_value() ? "" : result.error().message;
}

TEST_CASE("destinations are cleaned as seen from the root") {
  for (const char* path : {"/a/b", "//a///b/", "/../a/./b", "/x/../a/b", "/../../a/c/../b/."}) {
    CAPTURE(path);
    CHECK(plan(make_config({make_mount(path, "tmpfs")})).value().operations[0].destination ==
          "/a/b");
  }
}

TEST_CASE("only what engines replace is mounted inside /proc") {
  CHECK(error_of(make_config({make_mount("/proc", "tmpfs")})) ==
        "mount tmpfs at /proc: only a procfs may be there");
  CHECK(error_of(make_config({make_mount("/x/../proc/self", "tmpfs")})) ==
        "mount at /proc/self: inside /proc");
  CHECK(error_of(make_config({make_mount("/proc/cpuinfo", "bind", "/lxcfs/cpuinfo")})).empty());
  CHECK(error_of(make_config({make_mount("/process", "tmpfs")})).empty());
}

TEST_CASE("the system's directories must be ordinary ones") {
  const MountPlan result = plan(make_config({make_mount("/proc", "proc"),
                                             make_mount("/dev/shm", "tmpfs"),
                                             make_mount("/devices", "tmpfs")}))
                               .value();

  CHECK(result.operations[0].plain_destination);
  CHECK(result.operations[0].is_proc_root);
  CHECK(result.operations[1].plain_destination);
  CHECK(!result.operations[2].plain_destination);
}

TEST_CASE("a relative source is the bundle's") {
  const MountPlan result = plan(make_config({make_mount("/v", "bind", "volume")})).value();

  CHECK(result.operations[0].kind == MountKind::kBind);
  CHECK(result.operations[0].source == "/bundle/volume");
}

TEST_CASE("cgroup2 is mounted in a new cgroup namespace, and else the host's is bound read-only") {
  OciConfig config = make_config({make_mount("/sys/fs/cgroup", "cgroup")});
  const MountPlan own = plan(config).value();
  config.linux_part.namespaces.pop_back();
  const MountPlan shared = plan(config).value();

  CHECK(own.operations[0].kind == MountKind::kFilesystem);
  CHECK(own.operations[0].type == "cgroup2");
  CHECK(shared.operations[0].kind == MountKind::kBind);
  CHECK(shared.operations[0].source == "/sys/fs/cgroup");
  CHECK((shared.operations[0].options.subtree_set & MOUNT_ATTR_RDONLY) != 0);
}

TEST_CASE("an overlay at / is the root, and only as the first mount") {
  OciMount overlay = make_mount("/", "overlay", "overlay");
  overlay.options = {"lowerdir=/a:/b", "upperdir=/u", "workdir=/w", "nosuid"};

  const MountPlan result = plan(make_config({overlay, make_mount("/proc", "proc")})).value();

  CHECK(result.root_is_overlay);
  CHECK(result.operations[0].data == "lowerdir=/a:/b,upperdir=/u,workdir=/w");
  CHECK(result.operations[0].overlay.lowers.empty());
  CHECK(error_of(make_config({make_mount("/proc", "proc"), overlay})) ==
        "mount at /: only an overlay as the first mount");
  CHECK(error_of(make_config({make_mount("/", "tmpfs")})) ==
        "mount at /: only an overlay as the first mount");
}

MountPlan plan_layers(int count, const std::string& option = "volatile") {
  OciMount overlay = make_mount("/", "overlay", "overlay");
  std::string lower;
  for (int i = 0; i < count; ++i) lower += (i == 0 ? "/" : ":/") + std::string(80, 'x');
  overlay.options = {"lowerdir=" + lower, "upperdir=/u", "workdir=/w", option};
  return plan(make_config({overlay})).value();
}

TEST_CASE("layers whose names are too long for a page are named one by one and by descriptor") {
  const MountPlan result = plan_layers(60);

  const MountOperation& operation = result.operations[0];
  CHECK(operation.overlay.lowers.size() == 60);
  CHECK(operation.overlay.lowers[59] == "/" + std::string(80, 'x'));
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  CHECK(operation.overlay.parameters ==
        Parameters{{"source", "overlay"}, {"upperdir", "/u"}, {"workdir", "/w"}, {"volatile", ""}});
  CHECK(operation.data.starts_with("lowerdir=/proc/self/fd/400:/proc/self/fd/401:"));
  CHECK(operation.data.ends_with(":/proc/self/fd/459,upperdir=/u,workdir=/w,volatile"));
}

TEST_CASE("an overlay may have more layers than a page has room for, but no more than 500") {
  CHECK(plan_layers(300).operations[0].data.empty());
  CHECK(plan_layers(500).operations[0].overlay.lowers.size() == 500);

  OciMount overlay = make_mount("/", "overlay", "overlay");
  std::string lower = "lowerdir=/0";
  for (int i = 1; i <= 500; ++i) lower += ":/directory-" + std::to_string(i);
  overlay.options = {lower, "upperdir=/u", "workdir=/w"};
  CHECK(error_of(make_config({overlay})) ==
        "mount overlay at /: 501 layers are more than the 500 that an overlay may have");
}

TEST_CASE("a failed mount is told in words") {
  const MountPlan result =
      plan(make_config({make_mount("/run", "tmpfs"), make_mount("/v", "bind", "/host")})).value();

  CHECK(describe_mount(result.operations[0], MountStep::kOpen) == "mount tmpfs at /run");
  CHECK(describe_mount(result.operations[0], MountStep::kNotPlain) ==
        "mount tmpfs at /run: must be mounted on an ordinary directory");
  CHECK(describe_mount(result.operations[1], MountStep::kDestination) ==
        "mount /host at /v: mount point");
}

}  // namespace
}  // namespace ikada
