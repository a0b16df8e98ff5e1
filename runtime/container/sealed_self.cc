#include "runtime/container/sealed_self.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/sys/file.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // Since Linux 6.3.
#endif

namespace ikada {
namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
constexpr const char* kSelf = "/proc/self/exe";

Result<bool> is_sealed() {
  IK_LET(self, open_file(kSelf, O_RDONLY));
  // Files that are no memfd answer EINVAL.
  const int seals = ::fcntl(self.get(), F_GET_SEALS);
  return seals >= 0 && (seals & kSeals) == kSeals;
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

}  // namespace

Result<void> seal_self(int /*argc*/, char** argv) {
  IK_LET(sealed, is_sealed());
  if (!sealed) {
    IK_LET(copy, copy_self());
    ::syscall(SYS_execveat, copy.get(), "", argv, environ, AT_EMPTY_PATH);
    return errno_error("execute the sealed copy");
  }
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return errno_error("prctl PR_SET_DUMPABLE");
  return {};
}

}  // namespace ikada
