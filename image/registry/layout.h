// Where a registry's things are on disk. All directories are 0700, all files 0600.
//
//   ROOT/lock                          flock of the one process that serves
//   ROOT/token.key                     32 bytes that sign tokens
//   ROOT/blobs/ALGORITHM/HEX           each blob once; manifests are blobs, too
//   ROOT/repositories/NAME/_blobs/DIGEST       hard link to a blob that NAME has
//   ROOT/repositories/NAME/_manifests/DIGEST   the same for a manifest
//   ROOT/repositories/NAME/_tags/TAG           a digest as text
//   ROOT/repositories/NAME/_referrers/SUBJECT/DIGEST   JSON: the descriptor of a manifest of NAME
//                                              whose subject is SUBJECT
//   ROOT/uploads/ID/data               what has come of an upload
//   ROOT/uploads/ID/upload.json        {"repository":NAME}
//   ROOT/spoilt/HEX                    a blob that was not what its name said (blob_check.h)
//   ROOT/staging/                      files that are about to be linked or renamed into place
//
// No part of a repository's name begins with an underscore, so its own directories cannot be taken
// for repositories below it. A blob lives as long as a link to it does: the file system counts, and
// what a killed process has left unlinked is found by garbage.h. Whoever reads is never locked out;
// who adds a manifest holds a shared flock of NAME/_manifests, who removes links an exclusive one.
#pragma once

#include <string>
#include <string_view>

#include "image/registry/content_digest.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada::registry {

class Layout {
 public:
  // Creates the directories that are missing.
  static Result<Layout> open(const std::string& root);

  const std::string& root() const { return root_; }
  std::string lock() const { return root_ + "/lock"; }
  std::string token_key() const { return root_ + "/token.key"; }
  std::string blobs(std::string_view algorithm) const;
  std::string blob(const ContentDigest& digest) const;
  std::string repositories() const { return root_ + "/repositories"; }
  std::string repository(std::string_view name) const;
  std::string blob_links(std::string_view repository_name) const;
  std::string manifest_links(std::string_view repository_name) const;
  std::string tags(std::string_view repository_name) const;
  std::string referrers(std::string_view repository_name) const;
  std::string referrers(std::string_view repository_name, const ContentDigest& subject) const;
  std::string uploads() const { return root_ + "/uploads"; }
  std::string upload(std::string_view id) const;
  std::string staging() const { return root_ + "/staging"; }

  // A new name in the staging directory; nothing is made.
  std::string staging_file() const;

  // Makes the repository's directories, durably, unless they are there.
  Result<void> create_repository(std::string_view name) const;

  // Waits for a lock of the repository's links. kNotFound if there is no such repository.
  Result<UniqueFd> lock_shared(std::string_view name) const;
  Result<UniqueFd> lock_exclusive(std::string_view name) const;

 private:
  explicit Layout(std::string root) : root_(std::move(root)) {}

  std::string root_;
};

}  // namespace ikada::registry
