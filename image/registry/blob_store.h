// Blobs: each kept once, and linked into every repository that has it.
//
// A repository's link is the blob's own file under one more name (link(2)), so that opening it is
// at once the question whether the repository has it. Functions here wait for the disk.
// Thread-safe, also against other processes.
//
// Source: OCI distribution-spec 1.1, "Pulling blobs", "Mounting a blob from another repository".
#pragma once

#include <cstdint>
#include <string>

#include "image/registry/content_digest.h"
#include "image/registry/layout.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada::registry {

struct OpenBlob {
  UniqueFd file;
  std::uint64_t size_bytes = 0;
  std::int64_t changed_at_s = 0;  // When the last link was made, or touch_blob() was called.
};

// For reading. BLOB_UNKNOWN if the repository does not have it.
Result<OpenBlob> open_blob(const Layout& layout,
                           const std::string& repository,
                           const ContentDigest& digest);

// Puts off that garbage collection may remove a repository's link: somebody asked for the blob and
// may be about to name it in a manifest.
void touch_blob(const OpenBlob& blob);

// Makes the content of `file`, which has this digest and is on disk already (fsync), a blob of the
// repository; one that is there is read, and replaced if it is spoilt. `file` stays; the caller
// removes it. Returns whether the repository had no such link.
Result<bool> adopt_blob(const Layout& layout,
                        const std::string& file,
                        const std::string& repository,
                        const ContentDigest& digest);

// Gives `repository` the blob that `from` has. BLOB_UNKNOWN if that has none.
Result<bool> mount_blob(const Layout& layout,
                        const std::string& from,
                        const std::string& repository,
                        const ContentDigest& digest);

// The same for a manifest: linked below _manifests.
Result<bool> adopt_manifest(const Layout& layout,
                            const std::string& file,
                            const std::string& repository,
                            const ContentDigest& digest);

// Removes the repository's link. BLOB_UNKNOWN without one. The caller holds its exclusive lock.
Result<void> remove_blob_link(const Layout& layout,
                              const std::string& repository,
                              const ContentDigest& digest);

}  // namespace ikada::registry
