// Unpacks a blob as it arrives: gzip, zstd or plain, and for archives xz and bzip2, told apart by
// the first bytes as docker does.
//
// The kind is taken from the content and not from the media type, because registries hold layers
// whose type is wrong; the diff-id decides in the end whether the bytes are the right ones.
//
// Source: RFC 1952 (gzip, with several members), RFC 8878 (zstd, with several frames and a window
// of at most 128 MiB).
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

// So many bytes are enough to tell.
inline constexpr size_t kMagicBytes = 6;

// Whether bytes that begin so are packed by something that a Decompressor unpacks.
bool is_packed(std::string_view head);

class Decompressor {
 public:
  // Layers are gzip, zstd or plain. What people hand over as archives may also be xz or bzip2.
  enum class Accepts { kLayers, kArchives };

  explicit Decompressor(Accepts accepts = Accepts::kLayers);
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;
  ~Decompressor();

  // Takes bytes from the front of `input` and fills `output`; returns how many bytes it wrote. When
  // it filled `output`, call again, also with empty input, because more may be held back. The first
  // input has at least four bytes unless the whole blob is shorter. kInvalid with code
  // LAYER_COMPRESSION_INVALID.
  Result<size_t> decompress(std::string_view& input, std::span<char> output);

  // Call after the last input: kInvalid if the content stops in the middle.
  Result<void> finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ikada
