#include "image/registry/blob_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/registry/blob_check.h"
#include "image/registry/failure.h"
#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada::registry {
namespace {

constexpr int kAttempts = 5;
constexpr mode_t kFileMode = 0600;
constexpr size_t kCopyBytes = size_t{1} << 30;

Error unknown_blob(const ContentDigest& digest) {
  return api_error(kBlobUnknown, "blob {} is not in this repository", digest.text());
}

// ext4 allows 65000 names of one file. Then the blob gets a second copy, and that the next 65000.
Result<void> renew_blob(const Layout& layout, const std::string& blob) {
  const std::string fresh = layout.staging_file();
  IK_LET(from, open_file(blob, O_RDONLY));
  IK_LET(to, open_file(fresh, O_WRONLY | O_CREAT | O_EXCL, kFileMode));
  ssize_t copied = 1;
  while (copied > 0) {
    copied = ::copy_file_range(from.get(), nullptr, to.get(), nullptr, kCopyBytes, 0);
  }
  Result<void> done;
  if (copied < 0) {
    done = errno_error("copy {}", blob);
  } else if (::fsync(to.get()) != 0) {
    done = errno_error("fsync {}", fresh);
  } else if (::rename(fresh.c_str(), blob.c_str()) != 0) {
    done = errno_error("rename {}", fresh);
  }
  if (!done.has_value()) ::unlink(fresh.c_str());
  return done;
}

struct LinkPlace {
  const std::string& repository;
  std::string directory;
  std::string path;
};

// One link(2) of `source` to the place. kNotFound if the source is gone; what else is in the way is
// made right, and false asks for one more try.
enum class Linked { kNew, kThere, kAgain };
Result<Linked> link_once(const Layout& layout, const std::string& source, const LinkPlace& place) {
  if (::link(source.c_str(), place.path.c_str()) == 0) return Linked::kNew;
  const int error = errno;
  if (error == EEXIST) return Linked::kThere;
  if (error == EMLINK) {
    IK_TRY(renew_blob(
        layout,
        layout.blob(ContentDigest::parse(place.path.substr(place.path.rfind('/') + 1)).value())));
    return Linked::kAgain;
  }
  if (error != ENOENT) return errno_error_from(error, fmt::format("link {}", place.path));
  if (::access(source.c_str(), F_OK) != 0) return errno_error_from(ENOENT, source);
  // Garbage collection removes repositories that have become empty.
  IK_TRY(layout.create_repository(place.repository));
  return Linked::kAgain;
}

Result<bool> make_durable(const LinkPlace& place, Linked linked) {
  // Also if it was there: whoever made it may not have come to this yet.
  IK_TRY(sync_directory(place.directory));
  return linked == Linked::kNew;
}

// One that is there and spoilt gives way to `file`.
Result<void> mend_with(const Layout& layout, const std::string& file, const ContentDigest& digest) {
  const Result<bool> is_whole = is_blob_whole(layout, digest);
  if (!is_whole.has_value() || *is_whole) return {};
  return replace_blob(layout, file, digest);
}

// Links `file` into the store, unless the store has the blob, and the stored one to the place.
Result<bool> adopt(const Layout& layout,
                   const std::string& file,
                   const ContentDigest& digest,
                   const LinkPlace& place) {
  const std::string blob = layout.blob(digest);
  for (int i = 0; i < kAttempts; ++i) {
    if (::link(file.c_str(), blob.c_str()) != 0 && errno != EEXIST) {
      return errno_error("link {}", blob);
    }
    const Result<Linked> linked = link_once(layout, blob, place);
    // Garbage collection has just taken the stored one: ours takes its place.
    if (!linked.has_value() && linked.error().errno_value == ENOENT) continue;
    if (!linked.has_value()) return linked.error();
    if (*linked != Linked::kAgain) return make_durable(place, *linked);
  }
  return make_error(ErrorKind::kInternal, "link {}: gave up", place.path);
}

LinkPlace blob_place(const Layout& layout,
                     const std::string& repository,
                     const ContentDigest& digest) {
  const std::string directory = layout.blob_links(repository);
  return {
      .repository = repository, .directory = directory, .path = directory + "/" + digest.text()};
}

}  // namespace

Result<OpenBlob> open_blob(const Layout& layout,
                           const std::string& repository,
                           const ContentDigest& digest) {
  const std::string path = layout.blob_links(repository) + "/" + digest.text();
  Result<UniqueFd> file = open_file(path, O_RDONLY | O_NOFOLLOW);
  if (!file.has_value()) {
    if (file.error().kind == ErrorKind::kNotFound) return unknown_blob(digest);
    return file.error();
  }
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return errno_error("stat {}", path);
  return OpenBlob{.file = std::move(*file),
                  .size_bytes = static_cast<std::uint64_t>(status.st_size),
                  .changed_at_s = status.st_ctim.tv_sec};
}

void touch_blob(const OpenBlob& blob) {
  // Any change of the inode sets its ctime; the times themselves mean nothing here.
  ::futimens(blob.file.get(), nullptr);
}

Result<bool> adopt_blob(const Layout& layout,
                        const std::string& file,
                        const std::string& repository,
                        const ContentDigest& digest) {
  IK_TRY(mend_with(layout, file, digest));
  return adopt(layout, file, digest, blob_place(layout, repository, digest));
}

Result<bool> mount_blob(const Layout& layout,
                        const std::string& from,
                        const std::string& repository,
                        const ContentDigest& digest) {
  const std::string source = layout.blob_links(from) + "/" + digest.text();
  if (::access(source.c_str(), F_OK) != 0) return unknown_blob(digest);
  Result<bool> adopted = adopt(layout, source, digest, blob_place(layout, repository, digest));
  if (!adopted.has_value() && adopted.error().errno_value == ENOENT) return unknown_blob(digest);
  return adopted;
}

Result<bool> adopt_manifest(const Layout& layout,
                            const std::string& file,
                            const std::string& repository,
                            const ContentDigest& digest) {
  IK_TRY(mend_with(layout, file, digest));
  const std::string directory = layout.manifest_links(repository);
  return adopt(
      layout,
      file,
      digest,
      {.repository = repository, .directory = directory, .path = directory + "/" + digest.text()});
}

Result<void> remove_blob_link(const Layout& layout,
                              const std::string& repository,
                              const ContentDigest& digest) {
  const std::string directory = layout.blob_links(repository);
  const std::string path = directory + "/" + digest.text();
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return unknown_blob(digest);
    return errno_error("unlink {}", path);
  }
  return sync_directory(directory);
}

}  // namespace ikada::registry
