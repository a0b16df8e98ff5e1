#include "runtime/container/sealed_self.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/stat.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "runtime/sys/file.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // Since Linux 6.3.
#endif

namespace ikada {
namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
constexpr const char* kSelf = "/proc/self/exe";
constexpr long kOverlayMagic = 0x794c7630;  // OVERLAYFS_SUPER_MAGIC
// Overlayfs wants two layers. This one is on every host and cannot contain a program.
constexpr const char* kSecondLayer = "/sys/kernel";

// Whether we are what execute() started: execveat(2) names such a program by its descriptor.
bool was_started_by_descriptor() {
  // getauxval(3) gives every value as a number. NOLINTNEXTLINE(performance-no-int-to-ptr)
  const auto* name = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  return name != nullptr && std::string_view(name).starts_with("/dev/fd/");
}

Result<bool> is_sealed() {
  if (!was_started_by_descriptor()) return false;
  IK_LET(self, open_file(kSelf, O_RDONLY));
  // Files that are no memfd answer EINVAL.
  const int seals = ::fcntl(self.get(), F_GET_SEALS);
  if (seals >= 0) return (seals & kSeals) == kSeals;
  constexpr long kMountFlags = ST_RDONLY | ST_NODEV | ST_NOSUID;
  struct statfs filesystem {};
  if (::fstatfs(self.get(), &filesystem) != 0) return errno_error("stat {}", kSelf);
  return filesystem.f_type == kOverlayMagic && (filesystem.f_flags & kMountFlags) == kMountFlags;
}

// Whether both are one file, or an overlay's view of it: same bytes, unchanged since.
bool is_same_program(int a, int b) {
  struct stat first {};
  struct stat second {};
  if (::fstat(a, &first) != 0 || ::fstat(b, &second) != 0) return false;
  return first.st_ino == second.st_ino && first.st_size == second.st_size &&
         first.st_mtim.tv_sec == second.st_mtim.tv_sec &&
         first.st_mtim.tv_nsec == second.st_mtim.tv_nsec;
}

Result<UniqueFd> mount_overlay_of(const std::string& directory) {
  UniqueFd context(::fsopen("overlay", FSOPEN_CLOEXEC));
  if (!context) return errno_error("fsopen overlay");
  const std::string layers = directory + ":" + kSecondLayer;
  for (const auto& [key, value] :
       {std::pair{"lowerdir", layers.c_str()}, {"xino", "off"}, {"redirect_dir", "off"}}) {
    if (::fsconfig(context.get(), FSCONFIG_SET_STRING, key, value, 0) != 0) {
      return errno_error("fsconfig {}", key);
    }
  }
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    return errno_error("create an overlay of {}", directory);
  }
  constexpr unsigned kAttributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID;
  UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, kAttributes));
  if (!mount) return errno_error("fsmount overlay");
  return mount;
}

// Our program as a file of an overlay that has no upper layer and is attached nowhere: nobody can
// write to it or make it writable, and nothing needs to be copied.
Result<UniqueFd> overlay_self() {
  char path[4096];
  const ssize_t length = ::readlink(kSelf, path, sizeof(path));
  if (length <= 0 || length == static_cast<ssize_t>(sizeof(path))) return errno_error("readlink");
  const std::string_view name(path, static_cast<size_t>(length));
  const size_t slash = name.rfind('/');
  // The characters that mean something in the list of layers.
  if (slash == 0 || slash == std::string_view::npos ||
      name.find_first_of(":,\\") != std::string_view::npos) {
    return make_error(ErrorKind::kUnavailable, "no overlay for {}", name);
  }
  IK_LET(mount, mount_overlay_of(std::string(name.substr(0, slash))));
  IK_LET(program,
         open_file_at(mount.get(), std::string(name.substr(slash + 1)), O_PATH | O_NOFOLLOW));
  IK_LET(self, open_file(kSelf, O_PATH));
  if (is_same_program(program.get(), self.get())) return program;
  return make_error(ErrorKind::kUnavailable, "{} is not our program any more", name);
}

Result<UniqueFd> create_executable_memfd() {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = ::memfd_create("ikada-runtime", kFlags | MFD_EXEC);
  // Until Linux 6.3: every memfd is executable and the flag is unknown.
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create("ikada-runtime", kFlags);
  if (fd < 0) return errno_error("memfd_create");
  return UniqueFd(fd);
}

Result<UniqueFd> copy_self() {
  IK_LET(self, open_file(kSelf, O_RDONLY));
  struct stat status {};
  if (::fstat(self.get(), &status) != 0) return errno_error("stat {}", kSelf);
  IK_LET(copy, create_executable_memfd());
  off_t left = status.st_size;
  while (left > 0) {
    const ssize_t sent = ::sendfile(copy.get(), self.get(), nullptr, static_cast<size_t>(left));
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno_error("copy {}", kSelf);
    if (sent == 0) return make_error(ErrorKind::kSystem, "{} became shorter", kSelf);
    left -= sent;
  }
  if (::fcntl(copy.get(), F_ADD_SEALS, kSeals) != 0) return errno_error("seal a memfd");
  return copy;
}

Error execute(const UniqueFd& program, char** argv) {
  ::syscall(SYS_execveat, program.get(), "", argv, environ, AT_EMPTY_PATH);
  return errno_error("execute the sealed program");
}

}  // namespace

Result<void> seal_self(char** argv) {
  IK_LET(sealed, is_sealed());
  if (!sealed) {
    const Result<UniqueFd> overlay = overlay_self();
    // Where that cannot be (no privilege, an old kernel, too many overlays), the copy still can.
    if (overlay.has_value()) static_cast<void>(execute(*overlay, argv));
    IK_LET(copy, copy_self());
    return execute(copy, argv);
  }
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return errno_error("prctl PR_SET_DUMPABLE");
  return {};
}

}  // namespace ikada
