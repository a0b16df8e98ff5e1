#include "image/registry/layout.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>

#include "runtime/base/atomic_file.h"
#include "runtime/base/random_id.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada::registry {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr size_t kStagingIdBytes = 12;

// mkdir(2) whose result survives a power cut. An existing directory is not an error.
Result<void> make_directory_durably(const std::string& path) {
  if (::mkdir(path.c_str(), kDirectoryMode) != 0) {
    if (errno == EEXIST) return {};
    return errno_error("mkdir {}", path);
  }
  return sync_directory(path.substr(0, path.rfind('/')));
}

Result<UniqueFd> lock_directory(const std::string& path, int how) {
  IK_LET(fd, open_file(path, O_RDONLY | O_DIRECTORY));
  while (::flock(fd.get(), how) != 0) {
    if (errno != EINTR) return errno_error("flock {}", path);
  }
  // Without its name the directory was removed while we waited.
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error("stat {}", path);
  if (status.st_nlink == 0) return make_error(ErrorKind::kNotFound, "{}: removed", path);
  return fd;
}

}  // namespace

Result<Layout> Layout::open(const std::string& root) {
  Layout layout(root);
  IK_TRY(make_directories(root, kDirectoryMode));
  for (const std::string& path : {layout.root_ + "/blobs",
                                  layout.blobs("sha256"),
                                  layout.blobs("sha512"),
                                  layout.repositories(),
                                  layout.uploads(),
                                  layout.staging()}) {
    IK_TRY(make_directory_durably(path));
  }
  return layout;
}

std::string Layout::blobs(std::string_view algorithm) const {
  return fmt::format("{}/blobs/{}", root_, algorithm);
}

std::string Layout::blob(const ContentDigest& digest) const {
  return fmt::format("{}/blobs/{}/{}", root_, digest.algorithm_name(), digest.hex());
}

std::string Layout::repository(std::string_view name) const {
  return fmt::format("{}/repositories/{}", root_, name);
}

std::string Layout::blob_links(std::string_view repository_name) const {
  return repository(repository_name) + "/_blobs";
}

std::string Layout::manifest_links(std::string_view repository_name) const {
  return repository(repository_name) + "/_manifests";
}

std::string Layout::tags(std::string_view repository_name) const {
  return repository(repository_name) + "/_tags";
}

std::string Layout::referrers(std::string_view repository_name) const {
  return repository(repository_name) + "/_referrers";
}

std::string Layout::referrers(std::string_view repository_name,
                              const ContentDigest& subject) const {
  return referrers(repository_name) + "/" + subject.text();
}

std::string Layout::upload(std::string_view id) const {
  return fmt::format("{}/uploads/{}", root_, id);
}

std::string Layout::staging_file() const { return staging() + "/" + random_hex(kStagingIdBytes); }

Result<void> Layout::create_repository(std::string_view name) const {
  std::string path = repositories();
  for (const std::string_view part : split(name, '/')) {
    path.append("/").append(part);
    IK_TRY(make_directory_durably(path));
  }
  // The manifests' directory as the last: with it the repository is complete.
  for (const std::string_view part : {"/_blobs", "/_tags", "/_referrers", "/_manifests"}) {
    IK_TRY(make_directory_durably(path + std::string(part)));
  }
  return {};
}

Result<UniqueFd> Layout::lock_shared(std::string_view name) const {
  return lock_directory(manifest_links(name), LOCK_SH);
}

Result<UniqueFd> Layout::lock_exclusive(std::string_view name) const {
  return lock_directory(manifest_links(name), LOCK_EX);
}

}  // namespace ikada::registry
