// The entries of a tar stream, one after the other: ustar, GNU and PAX by libarchive.
//
// An archive may end without its two blocks of zeros, and even without the zeros that fill the last
// block of its last file; one that ends inside an entry is refused.
//
// Names and link targets are the raw bytes of the archive, whatever their character set. Headers
// are limited by libarchive (1 MiB for one special header, 32 in a row). A TarEntry and the bytes
// of a block are valid until the next call.
//
// Source: libarchive(3), archive_read_data_block(3), tar(5); POSIX pax.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

struct TarEntry {
  std::string path;
  std::string link_target;    // Of a symlink or a hard link.
  bool is_hard_link = false;  // Then `mode` says nothing.
  mode_t mode = 0;            // Type and permissions.
  uid_t uid = 0;
  gid_t gid = 0;
  std::uint64_t size_bytes = 0;  // With the holes of a sparse file.
  timespec mtime = {};
  unsigned device_major = 0;
  unsigned device_minor = 0;
  std::map<std::string, std::string> xattrs;
};

// A piece of a file's content; what lies between pieces are holes.
struct TarBlock {
  std::uint64_t offset = 0;
  std::string_view bytes;
};

class TarReader {
 public:
  // The next bytes of the archive, valid until the next call; empty at the end.
  using Input = std::function<Result<std::span<const char>>()>;

  static Result<TarReader> create(Input input);
  TarReader(TarReader&&) noexcept;
  TarReader& operator=(TarReader&&) noexcept;
  ~TarReader();

  // nullptr at the end of the archive. The input's own error, or kInvalid with code
  // LAYER_TAR_INVALID.
  Result<const TarEntry*> next();

  // The next piece of the current entry's content, nullopt after the last.
  Result<std::optional<TarBlock>> next_block();

 private:
  struct State;
  explicit TarReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ikada
