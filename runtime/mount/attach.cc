#include "runtime/mount/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "runtime/mount/copy_up.h"
#include "runtime/mount/rooted.h"
#include "runtime/sys/fd_path.h"

namespace ikada {
namespace {

constexpr mode_t kDirectoryMode = 0755;

MountOutcome failed(MountStep step, int negative_errno) {
  return MountOutcome{.step = step, .error = -negative_errno};
}

MountOutcome failed_now(MountStep step) { return MountOutcome{.step = step, .error = errno}; }

// The attributes that mount(2) takes as flags.
unsigned long mount_flags(std::uint64_t attributes) {
  unsigned long flags = 0;
  if ((attributes & MOUNT_ATTR_RDONLY) != 0) flags |= MS_RDONLY;
  if ((attributes & MOUNT_ATTR_NOSUID) != 0) flags |= MS_NOSUID;
  if ((attributes & MOUNT_ATTR_NODEV) != 0) flags |= MS_NODEV;
  if ((attributes & MOUNT_ATTR_NOEXEC) != 0) flags |= MS_NOEXEC;
  if ((attributes & MOUNT_ATTR_NOATIME) != 0) flags |= MS_NOATIME;
  return flags;
}

MountOutcome attach_overlay(const MountOperation& operation, const char* path) {
  const std::uint64_t attributes = operation.options.attr_set | operation.options.subtree_set;
  const int tree = create_overlay(operation.overlay, static_cast<unsigned>(attributes));
  if (tree < 0) return failed(MountStep::kOpen, tree);
  constexpr unsigned kFlags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS;
  const int result = ::move_mount(tree, "", AT_FDCWD, path, kFlags);
  const MountOutcome outcome = result == 0 ? MountOutcome{} : failed_now(MountStep::kAttach);
  ::close(tree);
  return outcome;
}

// Until Linux 6.8: layers whose names do not fit into mount(2)'s page are opened under agreed
// numbers.
MountOutcome mount_overlay_data(const MountOperation& operation, const char* path) {
  int number = kFirstLayerFd;
  for (const std::string& layer : operation.overlay.lowers) {
    const int fd = ::open(layer.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return failed_now(MountStep::kLayer);
    if (::dup3(fd, number++, O_CLOEXEC) < 0) return failed_now(MountStep::kLayer);
    ::close(fd);
  }
  const int result = ::mount(operation.source.c_str(),
                             path,
                             operation.type.c_str(),
                             mount_flags(operation.options.attr_set),
                             operation.data.c_str());
  const MountOutcome outcome = result == 0 ? MountOutcome{} : failed_now(MountStep::kOpen);
  for (int fd = kFirstLayerFd; fd < number; ++fd) ::close(fd);
  return outcome;
}

MountOutcome mount_overlay(const MountOperation& operation, const char* path) {
  if (operation.overlay.lowers.empty()) return mount_overlay_data(operation, path);
  const MountOutcome outcome = attach_overlay(operation, path);
  const bool may_be_too_old = outcome.error == EINVAL && !operation.data.empty();
  return may_be_too_old ? mount_overlay_data(operation, path) : outcome;
}

int set_propagation(int tree, const MountOptions& options) {
  if (options.propagation == 0) return 0;
  mount_attr attributes{};
  attributes.propagation = options.propagation;
  const unsigned flags =
      AT_EMPTY_PATH | (options.propagation_recursive ? unsigned{AT_RECURSIVE} : 0U);
  return ::mount_setattr(tree, "", flags, &attributes, sizeof(attributes)) == 0 ? 0 : -errno;
}

int set_parameters(int context, const MountOperation& operation) {
  if (!operation.source.empty()) {
    if (::fsconfig(context, FSCONFIG_SET_STRING, "source", operation.source.c_str(), 0) != 0) {
      return -errno;
    }
  }
  for (const auto& [name, value] : operation.parameters) {
    const int result =
        value.empty() ? ::fsconfig(context, FSCONFIG_SET_FLAG, name.c_str(), nullptr, 0)
                      : ::fsconfig(context, FSCONFIG_SET_STRING, name.c_str(), value.c_str(), 0);
    if (result != 0) return -errno;
  }
  return 0;
}

int create_mount(const MountOperation& operation) {
  const int context = ::fsopen(operation.type.c_str(), FSOPEN_CLOEXEC);
  if (context < 0) return -errno;
  int result = set_parameters(context, operation);
  if (result == 0 && ::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    result = -errno;
  }
  if (result == 0) {
    const auto attributes =
        static_cast<unsigned>(operation.options.attr_set | operation.options.subtree_set);
    result = ::fsmount(context, FSMOUNT_CLOEXEC, attributes);
    if (result < 0) result = -errno;
  }
  ::close(context);
  if (result >= 0) {
    const int error = set_propagation(result, operation.options);
    if (error < 0) {
      ::close(result);
      return error;
    }
  }
  return result;
}

MountOutcome open_destination(const MountOperation& operation, const RootView& view, int& fd) {
  const std::uint64_t resolve = operation.plain_destination ? RESOLVE_NO_SYMLINKS : 0;
  const char* path = operation.destination.c_str();
  const bool is_directory = operation.kind != MountKind::kBind || operation.tree_is_directory;
  fd = is_directory ? open_or_make_directory(view.root_fd, path, resolve, kDirectoryMode)
                    : open_or_make_file(view.root_fd, path, resolve);
  if (operation.plain_destination && (fd == -ELOOP || fd == -ENOTDIR)) {
    return failed(MountStep::kNotPlain, fd);
  }
  if (fd < 0) return failed(MountStep::kDestination, fd);
  struct stat status {};
  struct statfs filesystem {};
  if (::fstat(fd, &status) != 0 || ::fstatfs(fd, &filesystem) != 0) {
    return failed_now(MountStep::kDestination);
  }
  if (!S_ISDIR(status.st_mode) && is_directory) return failed(MountStep::kDestination, -ENOTDIR);
  if (S_ISDIR(status.st_mode) && !is_directory) return failed(MountStep::kDestination, -EISDIR);
  if (filesystem.f_type == PROC_SUPER_MAGIC && !operation.may_cover_proc) {
    return failed(MountStep::kOverProc, -EPERM);
  }
  return {};
}

}  // namespace

int create_filesystem(const char* type, unsigned attributes) {
  const int context = ::fsopen(type, FSOPEN_CLOEXEC);
  if (context < 0) return -errno;
  int result = -1;
  if (::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0) {
    result = ::fsmount(context, FSMOUNT_CLOEXEC, attributes);
  }
  if (result < 0) result = -errno;
  ::close(context);
  return result;
}

int attach_tree(int tree_fd, int target_fd) {
  constexpr unsigned kFlags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  return ::move_mount(tree_fd, "", target_fd, "", kFlags) == 0 ? 0 : -errno;
}

MountOutcome attach_root_overlay(const MountOperation& operation, const char* path) {
  return mount_overlay(operation, path);
}

MountOutcome attach_mount(const MountOperation& operation, RootView& view) {
  int target = -1;
  MountOutcome outcome = open_destination(operation, view, target);
  if (outcome.error != 0) return outcome;
  if (operation.kind == MountKind::kOverlay) {
    outcome = mount_overlay(operation, FdPath(target).c_str());
    ::close(target);
    return outcome;
  }
  int tree = operation.tree.get();
  if (operation.kind == MountKind::kFilesystem) {
    tree = create_mount(operation);
    if (tree < 0) return failed(MountStep::kOpen, tree);
    if (operation.options.copy_up) {
      const int copied = copy_up(target, tree, operation.keeps_mode);
      if (copied < 0) return failed(MountStep::kCopyUp, copied);
    }
  }
  const int result = attach_tree(tree, target);
  ::close(target);
  if (result < 0) return failed(MountStep::kAttach, result);
  if (operation.is_proc_root) {
    view.proc_fd = tree;
  } else {
    ::close(tree);
  }
  return {};
}

std::string describe_mount(const MountOperation& operation, MountStep step) {
  const std::string& what = operation.kind == MountKind::kBind ? operation.source : operation.type;
  std::string head = fmt::format("mount {} at {}", what, operation.destination);
  if (operation.kind == MountKind::kOverlay && operation.data.empty()) {
    head += fmt::format(" with {} layers, which needs Linux 6.8", operation.overlay.lowers.size());
  }
  switch (step) {
    case MountStep::kDestination:
      return head + ": mount point";
    case MountStep::kNotPlain:
      return head + ": must be mounted on an ordinary directory";
    case MountStep::kOverProc:
      return head + ": the destination lies in a procfs";
    case MountStep::kLayer:
      return head + ": open a layer";
    case MountStep::kCopyUp:
      return head + ": copy what is there";
    case MountStep::kNone:
    case MountStep::kOpen:
    case MountStep::kAttach:
      break;
  }
  return head;
}

}  // namespace ikada
