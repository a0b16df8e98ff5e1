#include "image/archive_child.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <new>
#include <string>

#include "image/confined_child.h"
#include "image/decompressor.h"
#include "image/tar_reader.h"
#include "image/unpack_channel.h"
#include "runtime/base/number.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kPieceBytes = size_t{256} << 10;
constexpr size_t kMaxArchiveNameBytes = 2000;  // Two of them fit a message.
constexpr int kArchiveArguments = 4;
constexpr int kPlainArguments = 5;

Error bad_archive(std::string_view what) { return make_error(ErrorKind::kInvalid, "{}", what); }

// The archive's bytes, unpacked if they are packed.
class Unpacked {
 public:
  Result<std::span<const char>> next() {
    if (!has_begun_) IK_TRY(begin());
    while (true) {
      IK_LET(size, decompressor_.decompress(rest_, {space_.get(), kPieceBytes}));
      if (size > 0) return std::span<const char>(space_.get(), size);
      if (!rest_.empty()) continue;
      IK_LET(got, read(0));
      if (got == 0) {
        IK_TRY(decompressor_.finish());
        return std::span<const char>();
      }
      rest_ = {input_.get(), got};
    }
  }

 private:
  // A pipe may give less at a time than the decompressor wants to see at first.
  Result<void> begin() {
    size_t size = 0;
    while (size < kMagicBytes) {
      IK_LET(got, read(size));
      if (got == 0) break;
      size += got;
    }
    rest_ = {input_.get(), size};
    has_begun_ = true;
    return {};
  }

  Result<size_t> read(size_t offset) {
    while (true) {
      const ssize_t got = ::read(kArchiveInputFd, input_.get() + offset, kPieceBytes - offset);
      if (got >= 0) return static_cast<size_t>(got);
      if (errno != EINTR) return errno_error("read");
    }
  }

  bool has_begun_ = false;
  Decompressor decompressor_{Decompressor::Accepts::kArchives};
  std::string_view rest_;
  std::unique_ptr<char[]> input_ = std::make_unique_for_overwrite<char[]>(kPieceBytes);
  std::unique_ptr<char[]> space_ = std::make_unique_for_overwrite<char[]>(kPieceBytes);
};

Result<void> tell(std::string_view kind, const std::string& name, const std::string& other = {}) {
  if (name.size() > kMaxArchiveNameBytes || other.size() > kMaxArchiveNameBytes) {
    return bad_archive("the archive has too long a name");
  }
  std::string message(kind);
  message += '\0' + name;
  if (!other.empty()) message += '\0' + other;
  return send_to_parent(kArchiveChannelFd, message);
}

class Reading {
 public:
  Reading(UniqueFd directory, TarReader reader)
      : directory_(std::move(directory)), reader_(std::move(reader)) {}

  Result<void> run() {
    for (size_t entries = 0;; ++entries) {
      IK_LET(entry, reader_.next());
      if (entry == nullptr) return {};
      if (entries == kMaxArchiveFiles) return bad_archive("the archive has too many files");
      IK_TRY(add(*entry));
    }
  }

 private:
  Result<void> add(const TarEntry& entry) {
    if (entry.is_hard_link) return tell("link", entry.path, entry.link_target);
    if (S_ISLNK(entry.mode)) {
      const size_t slash = entry.path.rfind('/');
      const size_t parent = slash == std::string::npos ? 0 : slash + 1;
      return tell("link", entry.path, entry.path.substr(0, parent) + entry.link_target);
    }
    if (!S_ISREG(entry.mode)) return {};
    const std::string name = entry.path;
    IK_TRY(write(entry).context("{}", name));
    ++files_;
    return tell("file", name);
  }

  Result<void> write(const TarEntry& entry) {
    const std::uint64_t size = entry.size_bytes;
    IK_LET(fd,
           open_file_at(directory_.get(),
                        std::to_string(files_),
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                        0600));
    std::uint64_t end = 0;
    while (true) {
      IK_LET(block, reader_.next_block());
      if (!block.has_value()) break;
      // Blobs are no sparse files; one that claims to be is not what its digest says.
      if (block->offset != end) return bad_archive("a file with holes in an archive");
      IK_TRY(write_all(fd.get(), block->bytes));
      end += block->bytes.size();
    }
    return end == size ? Result<void>() : bad_archive("cut");
  }

  UniqueFd directory_;
  TarReader reader_;
  size_t files_ = 0;
};

Result<void> read_archive(int argc, const char* const* argv) {
  if (argc != kArchiveArguments) return bad_archive("not for people");
  IK_LET(max_bytes, parse_unsigned(argv[2]));
  IK_LET(parent, parse_unsigned(argv[3], INT32_MAX));
  IK_LET(directory,
         enter_confinement({.parent = static_cast<pid_t>(parent),
                            .directory_fd = kArchiveDirectoryFd,
                            .channel_fd = kArchiveChannelFd,
                            .max_file_bytes = max_bytes})
             .context("confine the reading process"));
  try {
    const auto unpacked = std::make_shared<Unpacked>();
    IK_LET(reader, TarReader::create([unpacked] { return unpacked->next(); }));
    IK_TRY(Reading(std::move(directory), std::move(reader)).run());
    // Whoever writes into a pipe wants to get rid of what follows the archive's end, too.
    while (true) {
      IK_LET(rest, unpacked->next());
      if (rest.empty()) return {};
    }
  } catch (const std::bad_alloc&) {
    return bad_archive("the archive takes too much memory to read");
  }
}

Result<void> write_plain(int directory, std::uint64_t max_bytes, std::uint64_t wanted_bytes) {
  IK_LET(fd, open_file_at(directory, kPlainName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  Unpacked unpacked;
  std::uint64_t total = 0;
  while (wanted_bytes == 0 || total < wanted_bytes) {
    IK_LET(bytes, unpacked.next());
    if (bytes.empty()) return {};
    const std::uint64_t left = wanted_bytes == 0 ? bytes.size() : wanted_bytes - total;
    const std::string_view taken(bytes.data(), std::min<std::uint64_t>(bytes.size(), left));
    total += taken.size();
    if (total > max_bytes) return bad_archive("the archive is larger than a layer may be");
    IK_TRY(write_all(fd.get(), taken));
  }
  return {};
}

Result<void> unpack_plain(int argc, const char* const* argv) {
  if (argc != kPlainArguments) return bad_archive("not for people");
  IK_LET(max_bytes, parse_unsigned(argv[2]));
  IK_LET(wanted_bytes, parse_unsigned(argv[3]));
  IK_LET(parent, parse_unsigned(argv[4], INT32_MAX));
  IK_LET(directory,
         enter_confinement({.parent = static_cast<pid_t>(parent),
                            .directory_fd = kArchiveDirectoryFd,
                            .channel_fd = kArchiveChannelFd,
                            .max_file_bytes = max_bytes})
             .context("confine the unpacking process"));
  try {
    return write_plain(directory.get(), max_bytes, wanted_bytes);
  } catch (const std::bad_alloc&) {
    return bad_archive("the archive takes too much memory to unpack");
  }
}

}  // namespace

int run_archive_child(int argc, const char* const* argv) {
  const Result<void> outcome =
      argv[1] == kPlainVerb ? unpack_plain(argc, argv) : read_archive(argc, argv);
  const Result<void> told = send_to_parent(
      kArchiveChannelFd, outcome.has_value() ? "end" : format_unpack_report(outcome.error()));
  // Not exit(3): what libraries do at their end is of no use here, and not allowed.
  ::_exit(outcome.has_value() && told.has_value() ? 0 : 1);
}

}  // namespace ikada
