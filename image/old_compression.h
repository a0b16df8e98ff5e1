// The packings that archives have and layers do not: xz and bzip2, several streams behind each
// other included.
//
// Source: liblzma's lzma/container.h, bzlib.h; The .xz File Format 1.1.0.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

bool is_packed_as_of_old(std::string_view head);

class OldDecompressor {
 public:
  // By the first bytes; nullptr if it is neither.
  static Result<std::unique_ptr<OldDecompressor>> create(std::string_view head);
  OldDecompressor(const OldDecompressor&) = delete;
  OldDecompressor& operator=(const OldDecompressor&) = delete;
  virtual ~OldDecompressor() = default;

  // As Decompressor::decompress().
  virtual Result<size_t> decompress(std::string_view& input, std::span<char> output) = 0;

  // What came so far is whole.
  virtual bool is_whole() = 0;

 protected:
  OldDecompressor() = default;
};

}  // namespace ikada
