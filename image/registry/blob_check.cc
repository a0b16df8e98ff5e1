#include "image/registry/blob_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <vector>

#include "image/registry/catalog.h"
#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada::registry {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;
constexpr mode_t kAsideMode = 0700;

// Where a repository may have it.
std::vector<std::string> link_directories(const Layout& layout, const std::string& repository) {
  return {layout.blob_links(repository), layout.manifest_links(repository)};
}

// rename(2) of two names of one file does nothing, and leaves the first.
Result<void> link_over(const Layout& layout, const std::string& file, const std::string& path) {
  const std::string staged = layout.staging_file();
  if (::link(file.c_str(), staged.c_str()) != 0) return errno_error("link {}", staged);
  const bool renamed = ::rename(staged.c_str(), path.c_str()) == 0;
  const int error = errno;
  ::unlink(staged.c_str());
  if (!renamed) return errno_error_from(error, fmt::format("rename to {}", path));
  return {};
}

}  // namespace

Result<ContentHash> hash_file(int fd, DigestAlgorithm algorithm) {
  ContentHash hash(algorithm);
  std::vector<char> buffer(kReadBytes);
  off_t offset = 0;
  while (true) {
    const ssize_t count = ::pread(fd, buffer.data(), buffer.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read");
    if (count == 0) return hash;
    hash.update({buffer.data(), static_cast<size_t>(count)});
    offset += count;
  }
}

Result<bool> is_blob_whole(const Layout& layout, const ContentDigest& digest) {
  IK_LET(file, open_file(layout.blob(digest), O_RDONLY | O_NOFOLLOW));
  Result<ContentHash> hash = hash_file(file.get(), digest.algorithm());
  return hash.has_value() && hash->finish() == digest;
}

Result<void> replace_blob(const Layout& layout,
                          const std::string& file,
                          const ContentDigest& digest) {
  // First where new links are made from.
  IK_TRY(link_over(layout, file, layout.blob(digest)));
  IK_TRY(sync_directory(layout.blobs(digest.algorithm_name())));
  IK_LET(repositories, all_repositories(layout));
  for (const std::string& each : repositories) {
    const Result<UniqueFd> lock = layout.lock_shared(each);
    if (!lock.has_value()) continue;  // It is being made, or removed.
    for (const std::string& directory : link_directories(layout, each)) {
      const std::string path = directory + "/" + digest.text();
      if (::access(path.c_str(), F_OK) != 0) continue;
      IK_TRY(link_over(layout, file, path));
      IK_TRY(sync_directory(directory));
    }
  }
  return {};
}

Result<void> set_blob_aside(const Layout& layout, const ContentDigest& digest) {
  const std::string blob = layout.blob(digest);
  const std::string aside = layout.root() + "/spoilt";
  IK_TRY(make_directories(aside, kAsideMode));
  const std::string to = fmt::format("{}/{}", aside, digest.hex());
  if (::rename(blob.c_str(), to.c_str()) != 0 && errno != ENOENT) {
    return errno_error("rename {}", blob);
  }
  IK_LET(repositories, all_repositories(layout));
  for (const std::string& each : repositories) {
    const Result<UniqueFd> lock = layout.lock_exclusive(each);
    if (!lock.has_value()) continue;
    for (const std::string& directory : link_directories(layout, each)) {
      const std::string path = directory + "/" + digest.text();
      if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("unlink {}", path);
    }
  }
  return {};
}

}  // namespace ikada::registry
