#include "image/confined_child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <malloc.h>

#include "image/confinement.h"
#include "image/digest.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// A zstd window of 128 MiB, libraries, stacks, and what directories there are to remember.
constexpr std::uint64_t kMaxMemoryBytes = std::uint64_t{768} << 20;

// Also when the parent's end was quicker than this.
Result<void> follow_parent(pid_t parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return errno_error("set death signal");
  if (::getppid() != parent) return make_error(ErrorKind::kUnavailable, "the parent has gone");
  return {};
}

// A terminal is something to attack.
Result<void> leave_standard_streams() {
  IK_LET(null, open_file("/dev/null", O_RDWR));
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::dup2(null.get(), fd) < 0) return errno_error("dup2 /dev/null");
  }
  return {};
}

}  // namespace

Result<UniqueFd> enter_confinement(const ConfinedJob& job) {
  IK_TRY(follow_parent(job.parent));
  // One heap for all threads; each further one takes 64 MiB of address space.
  ::mallopt(M_ARENA_MAX, 1);
  ::umask(0);
  // A file that grows beyond its limit is an error of write.
  ::signal(SIGXFSZ, SIG_IGN);
  IK_TRY(leave_standard_streams());
  // Loads libcrypto.
  static_cast<void>(Digest::of(""));
  IK_LET(directory, detach_directory(job.directory_fd));
  // In the place of the one from which ".." leads to the host.
  if (::dup3(directory.get(), job.directory_fd, O_CLOEXEC) < 0) return errno_error("dup3");
  IK_TRY(confine({.max_file_bytes = job.max_file_bytes, .max_memory_bytes = kMaxMemoryBytes},
                 job.channel_fd));
  static_cast<void>(directory.release());  // Closed by confine().
  return UniqueFd(job.directory_fd);
}

Result<void> send_to_parent(int channel_fd, std::string_view message) {
  if (::send(channel_fd, message.data(), message.size(), MSG_NOSIGNAL) >= 0) return {};
  return errno_error("send to the parent");
}

}  // namespace ikada
