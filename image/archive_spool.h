// The files of an archive of images, hashed and kept in a directory until it is known what each is.
//
// The archive comes from strangers: a confined process reads it (image/archive_child.h), and is
// gone before a file is hashed. Names in the archive are keys of a map and never paths on this
// host.
//
// Source: tar(5).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "image/digest.h"
#include "runtime/base/result.h"

namespace ikada {

struct SpooledFile {
  std::string path;  // On this host.
  Digest digest = {};
  std::uint64_t size_bytes = 0;
};

class ArchiveSpool {
 public:
  // Reads `input`, a tar that may be packed with gzip, zstd, xz or bzip2, into `directory`, which
  // is empty; no file of it may have more than `max_file_bytes`. kInvalid if it is no tar or has
  // too many files.
  static Result<ArchiveSpool> read(const std::string& directory,
                                   int input,
                                   std::uint64_t max_file_bytes);

  // The file with that name in the archive, also through links; nullptr if there is none.
  const SpooledFile* find(std::string_view name) const;
  const SpooledFile* find(const Digest& digest) const;

  // The text of a small file. kNotFound, or kInvalid if it is larger than a manifest may be.
  Result<std::string> text(std::string_view name) const;

 private:
  ArchiveSpool() = default;
  Result<bool> hear(std::string_view message, const std::string& directory);
  Result<void> hash_files();

  size_t count_ = 0;                                       // Of files so far.
  std::map<std::string, SpooledFile, std::less<>> files_;  // By cleaned name.
  std::map<std::string, std::string, std::less<>> links_;  // Name to name.
  std::map<Digest, std::string> names_;                    // One name of each content.
};

}  // namespace ikada
