#include "image/archive_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "image/archive_child.h"
#include "image/confined_process.h"
#include "image/manifest.h"
#include "image/unpack_channel.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kHashedPieceBytes = size_t{256} << 10;
constexpr int kMaxLinks = 8;

// "./a//b/../c" as "a/c". What leaves the archive names nothing in it.
std::string clean_name(std::string_view name) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.emplace_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  return join(parts, "/");
}

Error nonsense() {
  return make_error(ErrorKind::kInternal, "the process that reads the archive answered nonsense");
}

Result<void> hash_file(SpooledFile& file) {
  IK_LET(fd, open_file(file.path, O_RDONLY | O_NOFOLLOW));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error("stat {}", file.path);
  if (!S_ISREG(status.st_mode)) return nonsense();
  const auto space = std::make_unique_for_overwrite<char[]>(kHashedPieceBytes);
  Sha256 hash;
  while (true) {
    const ssize_t got = ::read(fd.get(), space.get(), kHashedPieceBytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read {}", file.path);
    if (got == 0) break;
    hash.update(space.get(), static_cast<size_t>(got));
    file.size_bytes += static_cast<std::uint64_t>(got);
  }
  file.digest = hash.finish();
  return {};
}

}  // namespace

Result<ArchiveSpool> ArchiveSpool::read(const std::string& directory,
                                        int input,
                                        std::uint64_t max_file_bytes) {
  ArchiveSpool spool;
  IK_LET(place, open_file(directory, O_RDONLY | O_DIRECTORY));
  IK_LET(child,
         ConfinedProcess::start(
             {.arguments = {std::string(kArchiveVerb), std::to_string(max_file_bytes)},
              .fds = {{place.get(), kArchiveDirectoryFd}, {input, kArchiveInputFd}},
              .channel_fd = kArchiveChannelFd}));
  while (true) {
    IK_LET(message, child.receive(true));
    if (!message.has_value() || message->text.empty()) return child.death();
    IK_LET(is_last, spool.hear(message->text, directory));
    if (is_last) break;
  }
  // From here on nobody changes the files.
  child.kill();
  IK_TRY(spool.hash_files());
  return spool;
}

// True for the last message.
Result<bool> ArchiveSpool::hear(std::string_view message, const std::string& directory) {
  const std::vector<std::string_view> fields = split(message, '\0');
  if (fields[0] == "error") return parse_unpack_report(message).error();
  if (message == "end") return true;
  if (files_.size() + links_.size() >= kMaxArchiveFiles) return nonsense();
  if (fields.size() == 2 && fields[0] == "file") {
    files_[clean_name(fields[1])] = {.path = fmt::format("{}/{}", directory, count_++)};
  } else if (fields.size() == 3 && fields[0] == "link") {
    links_[clean_name(fields[1])] = clean_name(fields[2]);
  } else {
    return nonsense();
  }
  return false;
}

Result<void> ArchiveSpool::hash_files() {
  for (auto& [name, file] : files_) {
    IK_TRY(hash_file(file).context("{}", name));
    names_[file.digest] = name;
  }
  return {};
}

const SpooledFile* ArchiveSpool::find(std::string_view name) const {
  std::string wanted = clean_name(name);
  for (int i = 0; i < kMaxLinks; ++i) {
    const auto file = files_.find(wanted);
    if (file != files_.end()) return &file->second;
    const auto link = links_.find(wanted);
    if (link == links_.end()) return nullptr;
    wanted = link->second;
  }
  return nullptr;
}

const SpooledFile* ArchiveSpool::find(const Digest& digest) const {
  const auto name = names_.find(digest);
  return name == names_.end() ? nullptr : find(name->second);
}

Result<std::string> ArchiveSpool::text(std::string_view name) const {
  const SpooledFile* file = find(name);
  if (file == nullptr) return make_error(ErrorKind::kNotFound, "the archive has no {}", name);
  return read_file(file->path, kMaxManifestBytes).context("{}", name);
}

}  // namespace ikada
