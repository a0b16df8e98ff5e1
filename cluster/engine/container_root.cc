#include "cluster/engine/container_root.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>

#include "runtime/mount/attach.h"
#include "runtime/mount/plan.h"
#include "runtime/spec/config.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

Result<void> enter_own_namespace() {
  if (::unshare(CLONE_NEWNS) != 0) return errno_error("unshare");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return errno_error("make mounts private");
  }
  return {};
}

bool is_own_mount(const ContainerRecord& record, const MountOperation& operation) {
  if (operation.kind != MountKind::kBind) return false;
  return std::ranges::any_of(record.spec.mounts, [&](const MountSpec& each) {
    return each.destination == operation.destination;
  });
}

Result<UniqueFd> mount_stopped(const EngineLayout& layout, const ContainerRecord& record) {
  const std::string bundle = layout.container(record.id);
  IK_LET(config, load_oci_config(bundle));
  // Of the system's own mounts nothing is wanted.
  std::erase_if(config.mounts, [](const OciMount& each) { return each.type == "cgroup"; });
  IK_LET(plan, plan_mounts(config, bundle, HostView{}));
  std::erase_if(plan.operations, [&](const MountOperation& each) {
    return each.kind != MountKind::kOverlay && !is_own_mount(record, each);
  });
  if (!plan.root_is_overlay || plan.operations.empty()) {
    return make_error(ErrorKind::kInternal, "container {} has no overlay", record.id);
  }
  IK_TRY(open_bind_sources(plan));
  IK_TRY(enter_own_namespace());
  const std::string path = bundle + "/rootfs";
  const MountOutcome root = attach_root_overlay(plan.operations[0], path.c_str());
  if (root.error != 0) {
    return make_error(ErrorKind::kSystem, "mount {}: {}", path, errno_text(root.error));
  }
  IK_LET(root_fd, open_file(path, O_PATH | O_DIRECTORY));
  RootView view{.root_fd = root_fd.get()};
  for (MountOperation& each : std::span(plan.operations).subspan(1)) {
    const MountOutcome outcome = attach_mount(each, view);
    if (outcome.error != 0) {
      return make_error(ErrorKind::kSystem,
                        "{}: {}",
                        describe_mount(each, outcome.step),
                        errno_text(outcome.error));
    }
  }
  return root_fd;
}

}  // namespace

Result<ContainerRoot> ContainerRoot::open(Engine& engine, const ContainerRecord& record) {
  const LiveStatus status = live_status(engine.layout(), record.id);
  if (status.is_running()) {
    IK_LET(root, open_file(fmt::format("/proc/{}/root", status.pid), O_PATH | O_DIRECTORY));
    return ContainerRoot(std::move(root), std::nullopt);
  }
  IK_LET(mark, engine.acquire(record));
  std::optional<ActiveMark> held(std::move(mark));
  Result<UniqueFd> root = mount_stopped(engine.layout(), record);
  if (!root.has_value()) held->remove();
  if (!root.has_value()) return std::move(root.error());
  return ContainerRoot(std::move(*root), std::move(held));
}

ContainerRoot::~ContainerRoot() {
  if (mark_.has_value() && root_) mark_->remove();
}

}  // namespace ikada
