// One layer on its way from compressed bytes to files, while it downloads.
//
//   caller: write() -> [pipe] -> thread: decompress, hash -> [pipe] -> thread: tar, files
//
// The caller hands in the blob in order and then calls finish(), also when the download failed.
// Memory is bounded by the pipes. The directory is complete only if finish() returned a value whose
// diff_id is the wanted one; otherwise the caller removes it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "image/digest.h"
#include "image/layer_tree.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct UnpackedLayer {
  Digest diff_id;                   // Of the uncompressed tar.
  std::uint64_t content_bytes = 0;  // Sum of the files' sizes.
};

class LayerUnpacker {
 public:
  // `directory` is open, empty and reachable by nobody else. Starts the threads.
  LayerUnpacker(UniqueFd directory, LayerLimits limits);
  LayerUnpacker(const LayerUnpacker&) = delete;
  LayerUnpacker& operator=(const LayerUnpacker&) = delete;
  ~LayerUnpacker();

  // The next bytes of the blob. False if unpacking has failed already; see failure().
  bool write(std::string_view bytes);

  // Why write() returned false.
  std::optional<Error> failure() const;

  // Ends the blob, with an error if it did not arrive whole, and waits for the files. Codes as
  // LayerTree::add, TarReader::next and Decompressor::decompress.
  Result<UnpackedLayer> finish(Result<void> download);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ikada
