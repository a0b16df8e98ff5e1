// One layer on its way from a blob's file to a directory of files, in a process of its own that can
// reach nothing else (image/confinement.h). The file may still grow: unpacking goes on while the
// layer downloads.
//
//   LayerUnpacker unpacker = start(directory, blob, options)
//   advance(bytes) ...            as the file grows; not for a file that is there whole
//   finish({})                    waits, and has the diff-id
//
// unpack_blob() is all of that for a whole file. The directory is complete only if finish()
// returned a value whose diff_id is the wanted one; otherwise the caller removes it. Nothing is
// synced.
//
// The process is this program again (/proc/self/exe): its main() begins with
// `if (is_unpack_child(argc, argv)) return run_unpack_child(argc, argv);`. It dies with the thread
// that started it, so that thread calls finish(). Another thread may call advance().
//
// The child may be the layer's creature by the time it speaks. What it makes and says (the files,
// the diff-id, how much it unpacked) is a matter of the blob's bytes alone, and the store keeps it
// under the digest of these bytes, which the parent computes: whoever does not name them is safe.
// A liar can keep a diff-id that no honest process would confirm, or spend less of its own image's
// budget than it takes; a file larger than a layer may be is stopped by a limit of the process.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "image/image_budget.h"
#include "image/layer_tree.h"
#include "image/unpack_stream.h"
#include "runtime/base/result.h"

namespace ikada {

struct UnpackOptions {
  std::uint64_t blob_bytes = 0;  // The size that the file will have in the end.
  LayerLimits limits = {};
  ImageBudget* budget = nullptr;  // Of the image, if the layer counts for one.
  Decompressor::Accepts accepts = Decompressor::Accepts::kLayers;
  std::string program = "/proc/self/exe";
};

class LayerUnpacker {
 public:
  // `directory` is open, empty, of mode 0755 and reachable by nobody else; `blob` a regular file.
  // Both are used by descriptors of the child's own: the caller may close them.
  static Result<LayerUnpacker> start(int directory, int blob, const UnpackOptions& options);
  LayerUnpacker(LayerUnpacker&&) noexcept;
  LayerUnpacker& operator=(LayerUnpacker&&) noexcept;
  // Ends the child if finish() was not called.
  ~LayerUnpacker();

  // So many more bytes are in the file. False if unpacking has failed already: see failure().
  bool advance(std::uint64_t bytes);

  // Why advance() returned false.
  std::optional<Error> failure() const;

  // Waits for the files, or, with an error that kept the blob from arriving whole, ends the child
  // and returns that error. Codes as unpack_stream().
  Result<UnpackedLayer> finish(Result<void> download);

 private:
  struct State;
  explicit LayerUnpacker(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Unpacks a blob that is there whole; options.blob_bytes is taken from the file.
Result<UnpackedLayer> unpack_blob(int directory, int blob, UnpackOptions options = {});

}  // namespace ikada
