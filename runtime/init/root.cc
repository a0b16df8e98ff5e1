#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/init/child.h"

namespace ikada {
namespace {

InitReport attach_overlay(const InitPlan& plan, RootView& view) {
  const MountOutcome outcome =
      attach_root_overlay(plan.mounts.operations[0], plan.root.path.c_str());
  if (outcome.error != 0) {
    return failed(InitStep::kMount, outcome.error, 0, static_cast<unsigned>(outcome.step));
  }
  view.root_fd = ::open(plan.root.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  return view.root_fd < 0 ? failed(InitStep::kRootMount, errno) : InitReport{};
}

}  // namespace

InitReport attach_root(const InitPlan& plan, RootView& view) {
  if (::mount(nullptr, "/", nullptr, plan.root.host_propagation, nullptr) != 0) {
    return failed(InitStep::kHostPropagation, errno);
  }
  if (plan.mounts.root_is_overlay) return attach_overlay(plan, view);
  // Over the old root itself, so that no path on the host has to be walked, which the root of a
  // user namespace might not be allowed to. Look-ups of ours still begin below it.
  const int tree = plan.root.tree.get();
  if (::move_mount(tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return failed(InitStep::kRootMount, errno);
  }
  view.root_fd = tree;
  return {};
}

InitReport enter_root(const RootPlan& plan, const RootView& view) {
  if (::fchdir(view.root_fd) != 0) return failed(InitStep::kPivot, errno);
  if (plan.is_unpivoted) {
    // A tree of ours is over the old root already.
    if (!plan.tree && ::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0) {
      return failed(InitStep::kPivot, errno);
    }
    if (::chroot(".") != 0) return failed(InitStep::kPivot, errno);
  } else {
    // pivot_root(2), NOTES: the old root ends up on top of the new one and is taken away from
    // there.
    if (::syscall(SYS_pivot_root, ".", ".") != 0) return failed(InitStep::kPivot, errno);
    if (::umount2(".", MNT_DETACH) != 0) return failed(InitStep::kPivot, errno);
  }
  if (::chdir("/") != 0) return failed(InitStep::kPivot, errno);
  if (plan.propagation != 0 && ::mount(nullptr, "/", nullptr, plan.propagation, nullptr) != 0) {
    return failed(InitStep::kRootPropagation, errno);
  }
  if (plan.is_readonly) {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    if (::mount_setattr(view.root_fd, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) != 0) {
      return failed(InitStep::kRootReadonly, errno);
    }
  }
  return {};
}

}  // namespace ikada
