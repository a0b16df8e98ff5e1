// Blobs that are not what their names say any more: a disk that has lost or changed bytes.
//
// Functions here read whole blobs and wait for the disk. Thread-safe, also against other processes.
#pragma once

#include <string>

#include "image/registry/content_digest.h"
#include "image/registry/layout.h"
#include "runtime/base/result.h"

namespace ikada::registry {

// Of all that the file has, from its beginning.
Result<ContentHash> hash_file(int fd, DigestAlgorithm algorithm);

// False also if it cannot be read. kNotFound if there is none.
Result<bool> is_blob_whole(const Layout& layout, const ContentDigest& digest);

// Puts the content of `file`, which has this digest and is on disk already (fsync), in the place of
// the blob, in all repositories that have it. `file` stays; the caller removes it.
Result<void> replace_blob(const Layout& layout,
                          const std::string& file,
                          const ContentDigest& digest);

// Takes the blob out of the store and all repositories that have it, to ROOT/spoilt: it can be
// pushed again.
Result<void> set_blob_aside(const Layout& layout, const ContentDigest& digest);

}  // namespace ikada::registry
