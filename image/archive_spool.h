// The files of an archive of images, hashed while they are read and kept in a directory until it is
// known what each is.
//
// The archive comes from strangers: names in it are keys of a map and never paths on this host.
//
// Source: tar(5).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "image/digest.h"
#include "image/tar_reader.h"
#include "runtime/base/result.h"

namespace ikada {

struct SpooledFile {
  std::string path;  // On this host.
  Digest digest;
  std::uint64_t size_bytes = 0;
};

class ArchiveSpool {
 public:
  // Reads `input`, a tar that may be packed with gzip or zstd, into `directory`. kInvalid if it is
  // no tar or has too many files.
  static Result<ArchiveSpool> read(const std::string& directory, const TarReader::Input& input);

  // The file with that name in the archive, also through links; nullptr if there is none.
  const SpooledFile* find(std::string_view name) const;
  const SpooledFile* find(const Digest& digest) const;

  // The text of a small file. kNotFound, or kInvalid if it is larger than a manifest may be.
  Result<std::string> text(std::string_view name) const;

 private:
  ArchiveSpool() = default;
  Result<void> add(const TarEntry& entry, TarReader& reader, const std::string& directory);

  std::map<std::string, SpooledFile, std::less<>> files_;  // By cleaned name.
  std::map<std::string, std::string, std::less<>> links_;  // Name to name.
  std::map<Digest, std::string> names_;                    // One name of each content.
};

}  // namespace ikada
