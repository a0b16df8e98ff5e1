// A tar stream, entry by entry: ustar, with PAX records for what ustar has no room for.
//
// The same entries give the same bytes, whatever the machine. Times are whole seconds, as docker
// writes them. Of a regular file's content exactly `size_bytes` follow its header; of every other
// entry none.
//
// Source: POSIX pax, "pax Interchange Format"; tar(5) for SCHILY.xattr.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "image/tar_reader.h"
#include "runtime/base/result.h"

namespace ikada {

class TarWriter {
 public:
  using Output = std::function<Result<void>(std::string_view)>;

  explicit TarWriter(Output output) : output_(std::move(output)) {}

  // A directory's path ends with a slash. The output's own error, or kInvalid for a type that tar
  // has no letter for.
  Result<void> add(const TarEntry& entry);

  // The next bytes of the content.
  Result<void> write(std::string_view bytes);

  // `size` zeros of the content.
  Result<void> write_zeros(std::uint64_t size);

  // The end of the archive.
  Result<void> finish();

 private:
  Result<void> fill_block();

  Output output_;
  std::uint64_t left_ = 0;     // Of the current content.
  std::uint64_t padding_ = 0;  // Zeros after it.
};

}  // namespace ikada
