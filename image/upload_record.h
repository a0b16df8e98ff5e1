// Where an upload stands at its registry, kept on the disk while it runs, so that a push goes on
// where a killed one was.
//
//   ROOT/images/uploads/HEX   HEX is the SHA-256 of "REGISTRY/REPOSITORY@DIGEST"; the file holds
//   the
//                             upload's URL and a newline, and is locked by the process that sends
//
// It needs no durability: a lost or torn record costs only that the blob is sent from the start.
#pragma once

#include <string>

#include "image/digest.h"
#include "image/reference.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

class UploadRecord {
 public:
  // Without effect on the disk if another process is at the same upload. `root` is the store's.
  static Result<UploadRecord> open(const std::string& root,
                                   const Reference& target,
                                   const Digest& blob);

  // Empty if there is nothing to go on with.
  const std::string& url() const { return url_; }

  // Failures are ignored: see above.
  void keep(const std::string& url) const;

  // The upload is done.
  void remove() const;

 private:
  UploadRecord(std::string path, UniqueFd fd, std::string url)
      : path_(std::move(path)), fd_(std::move(fd)), url_(std::move(url)) {}

  std::string path_;
  UniqueFd fd_;  // None if somebody else has the record.
  std::string url_;
};

// Removes records that no registry knows any more: those of a week ago.
Result<void> remove_stale_upload_records(const std::string& root);

}  // namespace ikada
