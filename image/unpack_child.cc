#include "image/unpack_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <malloc.h>
#include <memory>

#include "image/confinement.h"
#include "image/unpack_channel.h"
#include "image/unpack_stream.h"
#include "runtime/base/number.h"
#include "runtime/sys/file.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

constexpr size_t kReadBytes = size_t{256} << 10;
// A zstd window of 128 MiB, libraries, stacks, and what directories there are to remember.
constexpr std::uint64_t kMaxMemoryBytes = std::uint64_t{768} << 20;
constexpr std::uint64_t kMagicBytes = 4;
constexpr int kArguments = 6;

struct Job {
  std::uint64_t blob_bytes = 0;
  LayerLimits limits;
  pid_t parent = 0;
};

Result<Job> parse_job(int argc, const char* const* argv) {
  if (argc != kArguments) return make_error(ErrorKind::kInvalid, "not for people");
  Job job;
  IK_LET(blob_bytes, parse_unsigned(argv[2]));
  IK_LET(max_bytes, parse_unsigned(argv[3]));
  IK_LET(max_entries, parse_unsigned(argv[4]));
  IK_LET(parent, parse_unsigned(argv[5], INT32_MAX));
  job.blob_bytes = blob_bytes;
  job.limits = {.max_bytes = max_bytes, .max_entries = max_entries};
  job.parent = static_cast<pid_t>(parent);
  return job;
}

// The file's bytes as they come.
class GrowingFile {
 public:
  explicit GrowingFile(std::uint64_t size_bytes) : size_bytes_(size_bytes) {}

  Result<std::span<const char>> read() {
    if (position_ == size_bytes_) return std::span<const char>();
    // The decompressor wants to see a whole magic number first.
    const std::uint64_t least = position_ + std::min<std::uint64_t>(kMagicBytes, size_bytes_);
    while (available_ < (position_ == 0 ? least : position_ + 1)) IK_TRY(wait());
    const auto wanted =
        static_cast<size_t>(std::min<std::uint64_t>(kReadBytes, available_ - position_));
    while (true) {
      const ssize_t got =
          ::pread(kUnpackBlobFd, buffer_.get(), wanted, static_cast<off_t>(position_));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error("read blob");
      if (got == 0) return make_error(ErrorKind::kSystem, "the blob has become shorter");
      position_ += static_cast<std::uint64_t>(got);
      return std::span<const char>(buffer_.get(), static_cast<size_t>(got));
    }
  }

 private:
  Result<void> wait() {
    std::uint64_t more = 0;
    const ssize_t got = ::read(kUnpackEventFd, &more, sizeof(more));
    if (got < 0 && errno == EINTR) return {};
    if (got != sizeof(more)) return errno_error("read eventfd");
    available_ = std::min(available_ + more, size_bytes_);
    return {};
  }

  const std::uint64_t size_bytes_;
  std::uint64_t available_ = 0;
  std::uint64_t position_ = 0;
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kReadBytes);
};

// Dies with the thread that started it, also when that was quicker than this.
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

Result<UniqueFd> prepare(const Job& job) {
  IK_TRY(follow_parent(job.parent));
  // One heap for both threads; each further one takes 64 MiB of address space.
  ::mallopt(M_ARENA_MAX, 1);
  ::umask(0);
  // A file that grows beyond its limit is an error of write.
  ::signal(SIGXFSZ, SIG_IGN);
  IK_TRY(leave_standard_streams());
  // Loads libcrypto.
  static_cast<void>(Digest::of(""));
  IK_LET(directory, detach_directory(kUnpackDirectoryFd));
  // In the place of the one from which ".." leads to the host.
  if (::dup3(directory.get(), kUnpackDirectoryFd, O_CLOEXEC) < 0) return errno_error("dup3");
  IK_TRY(confine({.max_file_bytes = job.limits.max_bytes, .max_memory_bytes = kMaxMemoryBytes},
                 kUnpackChannelFd));
  static_cast<void>(directory.release());  // Closed by confine().
  return UniqueFd(kUnpackDirectoryFd);
}

Result<UnpackedLayer> unpack(const Job& job) {
  IK_LET(directory, prepare(job).context("confine the unpacking process"));
  GrowingFile blob(job.blob_bytes);
  LayerTree tree(std::move(directory), job.limits, [](int opaque) {
    return send_descriptor(kUnpackChannelFd, opaque);
  });
  return unpack_stream(
      std::move(tree), [&blob] { return blob.read(); }, job.limits);
}

}  // namespace

bool is_unpack_child(int argc, const char* const* argv) {
  return argc > 1 && argv[1] == kUnpackVerb;
}

int run_unpack_child(int argc, const char* const* argv) {
  Result<Job> job = parse_job(argc, argv);
  const Result<UnpackedLayer> outcome =
      job.has_value() ? unpack(*job) : Result<UnpackedLayer>(job.error());
  const std::string report = format_unpack_report(outcome);
  const ssize_t sent = ::send(kUnpackChannelFd, report.data(), report.size(), MSG_NOSIGNAL);
  // Not exit(3): what libraries do at their end is of no use here, and not allowed.
  ::_exit(outcome.has_value() && sent >= 0 ? 0 : 1);
}

}  // namespace ikada
