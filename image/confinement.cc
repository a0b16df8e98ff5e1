#include "image/confinement.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "image/syscall_allow_list.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// trusted.* attributes would need CAP_SYS_ADMIN: they are left to the other side of the channel.
constexpr std::array kCapabilities = {
    CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP};
constexpr unsigned kMaxCapabilities = 64;
constexpr rlim_t kMaxDescriptors = 256;  // A deep tree is removed with a hundred open.

Result<UniqueFd> create_empty_root() {
  const UniqueFd filesystem(::fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!filesystem) return errno_error("fsopen tmpfs");
  if (::fsconfig(filesystem.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return errno_error("fsconfig tmpfs");
  }
  UniqueFd mount(
      ::fsmount(filesystem.get(),
                FSMOUNT_CLOEXEC,
                MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  if (!mount) return errno_error("fsmount tmpfs");
  return mount;
}

Result<void> leave_host() {
  if (::unshare(CLONE_NEWNS) != 0) return errno_error("unshare mount namespace");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return errno_error("make mounts private");
  }
  IK_LET(root, create_empty_root());
  if (::move_mount(root.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    return errno_error("move_mount tmpfs");
  }
  if (::fchdir(root.get()) != 0) return errno_error("chdir to the empty root");
  // pivot_root(2), "pivot_root(".", ".")": the old root ends up on top of the new one.
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return errno_error("pivot_root");
  if (::umount2(".", MNT_DETACH) != 0) return errno_error("umount the old root");
  if (::chdir("/") != 0) return errno_error("chdir");
  return {};
}

Result<void> set_limit(__rlimit_resource resource, rlim_t value) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return errno_error("getrlimit");
  // Raising the hard limit is not ours to do.
  limit.rlim_max = std::min(limit.rlim_max, value);
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(resource, &limit) != 0) return errno_error("setrlimit");
  return {};
}

Result<void> set_limits(const ConfinementLimits& limits) {
  IK_TRY(set_limit(RLIMIT_FSIZE, limits.max_file_bytes));
  IK_TRY(set_limit(RLIMIT_CORE, 0));
  IK_TRY(set_limit(RLIMIT_NOFILE, kMaxDescriptors));
  IK_TRY(set_limit(RLIMIT_MEMLOCK, 0));
#if !defined(__SANITIZE_ADDRESS__)
  // The sanitizer's shadow memory alone is terabytes of address space.
  IK_TRY(set_limit(RLIMIT_AS, limits.max_memory_bytes));
#endif
  return {};
}

Result<void> drop_capabilities() {
  std::uint64_t wanted = 0;
  for (const int number : kCapabilities) wanted |= std::uint64_t{1} << number;
  for (unsigned number = 0; number < kMaxCapabilities; ++number) {
    // Beyond the kernel's last capability.
    if (::prctl(PR_CAPBSET_READ, number, 0, 0, 0) < 0) break;
    if ((wanted >> number & 1) != 0) continue;
    // Without CAP_SETPCAP they cannot be dropped; no program is executed that could gain from them.
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0 && errno != EPERM) {
      return errno_error("drop capability {}", number);
    }
  }
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return errno_error("capget");
  const std::array<std::uint32_t, 2> halves = {static_cast<std::uint32_t>(wanted),
                                               static_cast<std::uint32_t>(wanted >> 32)};
  for (size_t half = 0; half < sets.size(); ++half) {
    const auto kept = sets.at(half).permitted & halves.at(half);
    sets.at(half) = {.effective = kept, .permitted = kept, .inheritable = 0};
  }
  if (::syscall(SYS_capset, &header, sets.data()) != 0) return errno_error("capset");
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
    return errno_error("drop ambient capabilities");
  }
  return {};
}

}  // namespace

Result<UniqueFd> detach_directory(int directory) {
  const UniqueFd mount(static_cast<int>(::open_tree(
      directory, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | static_cast<unsigned>(OPEN_TREE_CLOEXEC))));
  if (!mount) return errno_error("open_tree");
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  if (::mount_setattr(mount.get(), "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) != 0 &&
      errno != ENOSYS) {  // Until Linux 5.12.
    return errno_error("mount_setattr");
  }
  // Not O_PATH, for fchown and attributes of the root itself.
  return open_file_at(mount.get(), ".", O_RDONLY | O_DIRECTORY);
}

Result<void> confine(const ConfinementLimits& limits, int highest_fd) {
  IK_TRY(leave_host());
  if (::close_range(static_cast<unsigned>(highest_fd) + 1, ~0U, 0) != 0) {
    return errno_error("close_range");
  }
  IK_TRY(set_limits(limits));
  IK_TRY(drop_capabilities());
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return errno_error("set dumpable");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_error("set no_new_privs");
#if !defined(__SANITIZE_ADDRESS__)
  // The sanitizers' own calls are many.
  IK_TRY(allow_syscalls_only(unpacking_syscalls()));
#endif
  return {};
}

}  // namespace ikada
