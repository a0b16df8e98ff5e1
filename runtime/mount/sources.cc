#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "runtime/mount/plan.h"

namespace ikada {
namespace {

constexpr ino_t kProcRootInode = 1;

Result<void> set_attributes(int tree, mount_attr attributes, bool recursive) {
  const unsigned flags = AT_EMPTY_PATH | (recursive ? unsigned{AT_RECURSIVE} : 0U);
  if (attributes.attr_set == 0 && attributes.attr_clr == 0 && attributes.propagation == 0) {
    return {};
  }
  if (::mount_setattr(tree, "", flags, &attributes, sizeof(attributes)) == 0) return {};
  return errno_error("set mount attributes");
}

Result<void> set_options(int tree, const MountOptions& options) {
  mount_attr own{};
  own.attr_set = options.attr_set;
  own.attr_clr = options.attr_clear;
  IK_TRY(set_attributes(tree, own, false));
  mount_attr subtree{};
  subtree.attr_set = options.subtree_set;
  subtree.attr_clr = options.subtree_clear;
  IK_TRY(set_attributes(tree, subtree, true));
  mount_attr propagation{};
  // A copy of a shared mount is its peer: what the container mounts there would appear on the host.
  propagation.propagation =
      options.propagation != 0 ? options.propagation : std::uint64_t{MS_PRIVATE};
  return set_attributes(
      tree, propagation, options.propagation == 0 || options.propagation_recursive);
}

Result<void> check_is_procfs(int tree) {
  struct statfs filesystem {};
  struct stat status {};
  if (::fstatfs(tree, &filesystem) != 0 || ::fstat(tree, &status) != 0) return errno_error("stat");
  if (filesystem.f_type == PROC_SUPER_MAGIC && status.st_ino == kProcRootInode) return {};
  return make_error(ErrorKind::kInvalid, "only a procfs may be there");
}

Result<UniqueFd> open_tree_copy(const std::string& path, bool recursive) {
  const unsigned flags =
      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? unsigned{AT_RECURSIVE} : 0U);
  const int fd = ::open_tree(AT_FDCWD, path.c_str(), flags);
  if (fd < 0) return errno_error("{}", path);
  return UniqueFd(fd);
}

Result<void> open_bind_source(MountOperation& operation) {
  IK_LET(tree, open_tree_copy(operation.source, operation.options.recursive));
  struct stat status {};
  if (::fstat(tree.get(), &status) != 0) return errno_error("stat {}", operation.source);
  operation.tree_is_directory = S_ISDIR(status.st_mode);
  if (operation.is_proc_root) IK_TRY(check_is_procfs(tree.get()));
  IK_TRY(set_options(tree.get(), operation.options));
  operation.tree = std::move(tree);
  return {};
}

}  // namespace

Result<void> open_bind_sources(MountPlan& plan) {
  for (MountOperation& each : plan.operations) {
    if (each.kind != MountKind::kBind) continue;
    IK_TRY(open_bind_source(each).context("mount {} at {}", each.source, each.destination));
  }
  return {};
}

Result<UniqueFd> open_root_tree(const std::string& path, std::uint64_t propagation) {
  IK_LET(tree, open_tree_copy(path, true).context("rootfs"));
  struct stat status {};
  if (::fstat(tree.get(), &status) != 0) return errno_error("stat {}", path);
  if (!S_ISDIR(status.st_mode)) return errno_error_from(ENOTDIR, "rootfs: " + path);
  mount_attr attributes{};
  attributes.propagation = propagation & ~std::uint64_t{MS_REC};
  IK_TRY(set_attributes(tree.get(), attributes, true));
  return tree;
}

}  // namespace ikada
