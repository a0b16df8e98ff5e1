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

// Others live in this mount namespace: their mounts and their root stay as they are. What is
// mounted in our tree from here on is not to spread even if the place is a shared mount.
InitReport attach_in_joined(const RootPlan& plan, RootView& view) {
  const int place = ::open(plan.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (place < 0) return failed(InitStep::kRootMount, errno);
  const int tree = plan.tree.get();
  const int result = attach_tree(tree, place);
  ::close(place);
  if (result < 0) return failed(InitStep::kRootMount, -result);
  mount_attr attributes{};
  attributes.propagation = MS_PRIVATE;
  constexpr unsigned kFlags = AT_EMPTY_PATH | AT_RECURSIVE;
  if (::mount_setattr(tree, "", kFlags, &attributes, sizeof(attributes)) != 0) {
    return failed(InitStep::kRootPropagation, errno);
  }
  view.root_fd = tree;
  return {};
}

}  // namespace

InitReport attach_root(const InitPlan& plan, RootView& view) {
  if (plan.root.is_joined) return attach_in_joined(plan.root, view);
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
  if (plan.is_unpivoted || plan.is_joined) {
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
