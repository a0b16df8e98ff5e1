#include "image/unpack_child.h"

#include <errno.h>
#include <unistd.h>

#include <memory>

#include "image/archive_child.h"
#include "image/confined_child.h"
#include "image/unpack_channel.h"
#include "image/unpack_stream.h"
#include "runtime/base/number.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

constexpr size_t kBlobPieceBytes = size_t{256} << 10;
constexpr std::uint64_t kLeastHeadBytes = 4;
constexpr int kUnpackArguments = 7;

struct Job {
  std::uint64_t blob_bytes = 0;
  LayerLimits limits;
  Decompressor::Accepts accepts = Decompressor::Accepts::kLayers;
  pid_t parent = 0;
};

Result<Job> parse_job(int argc, const char* const* argv) {
  if (argc != kUnpackArguments) return make_error(ErrorKind::kInvalid, "not for people");
  Job job;
  IK_LET(blob_bytes, parse_unsigned(argv[2]));
  IK_LET(max_bytes, parse_unsigned(argv[3]));
  IK_LET(max_entries, parse_unsigned(argv[4]));
  IK_LET(any_packing, parse_unsigned(argv[5], 1));
  IK_LET(parent, parse_unsigned(argv[6], INT32_MAX));
  job.blob_bytes = blob_bytes;
  job.limits = {.max_bytes = max_bytes, .max_entries = max_entries};
  if (any_packing == 1) job.accepts = Decompressor::Accepts::kArchives;
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
    const std::uint64_t least = position_ + std::min<std::uint64_t>(kLeastHeadBytes, size_bytes_);
    while (available_ < (position_ == 0 ? least : position_ + 1)) IK_TRY(wait());
    const auto wanted =
        static_cast<size_t>(std::min<std::uint64_t>(kBlobPieceBytes, available_ - position_));
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
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kBlobPieceBytes);
};

Result<void> tell_progress(std::uint64_t content_bytes) {
  return send_to_parent(kUnpackChannelFd, format_unpack_progress(content_bytes));
}

Result<UnpackedLayer> unpack(const Job& job) {
  IK_LET(directory,
         enter_confinement({.parent = job.parent,
                            .directory_fd = kUnpackDirectoryFd,
                            .channel_fd = kUnpackChannelFd,
                            .max_file_bytes = job.limits.max_bytes})
             .context("confine the unpacking process"));
  GrowingFile blob(job.blob_bytes);
  LayerTree tree(std::move(directory), job.limits, [](int opaque) {
    return send_descriptor(kUnpackChannelFd, opaque);
  });
  return unpack_stream(std::move(tree),
                       [&blob] { return blob.read(); },
                       {.limits = job.limits, .accepts = job.accepts, .listener = tell_progress});
}

}  // namespace

bool is_unpack_child(int argc, const char* const* argv) {
  return argc > 1 && (argv[1] == kUnpackVerb || argv[1] == kArchiveVerb || argv[1] == kPlainVerb);
}

int run_unpack_child(int argc, const char* const* argv) {
  if (argv[1] != kUnpackVerb) return run_archive_child(argc, argv);
  Result<Job> job = parse_job(argc, argv);
  const Result<UnpackedLayer> outcome =
      job.has_value() ? unpack(*job) : Result<UnpackedLayer>(job.error());
  const Result<void> told = send_to_parent(kUnpackChannelFd, format_unpack_report(outcome));
  // Not exit(3): what libraries do at their end is of no use here, and not allowed.
  ::_exit(outcome.has_value() && told.has_value() ? 0 : 1);
}

}  // namespace ikada
