// Other hosts that may have a blob: asked before the registry is, so that many hosts that pull one
// image at once load it about once.
//
// What they give is believed by its digest alone. Called from several threads at once.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "image/manifest.h"
#include "runtime/base/result.h"

namespace ikada {

class BlobPeers {
 public:
  BlobPeers() = default;
  BlobPeers(const BlobPeers&) = delete;
  BlobPeers& operator=(const BlobPeers&) = delete;
  virtual ~BlobPeers() = default;

  // Gives bytes from `offset` on to `sink`, in order and each once, as far as others have them; how
  // many. May wait until one has it. An error is the sink's.
  using Sink = std::function<Result<void>(std::string_view bytes)>;
  virtual Result<std::uint64_t> fetch(const Descriptor& blob,
                                      std::uint64_t offset,
                                      const Sink& sink) = 0;

  // Some of it has come, from wherever. Told of each piece, because others may wait for it.
  virtual void note_piece(const Descriptor& blob) = 0;

  enum class Outcome {
    kGood,    // It is here, whole and right; others can have it.
    kWrong,   // What came is not the blob: those who gave it are not to be asked for it again.
    kFailed,  // It did not come for another reason.
  };
  virtual void note(const Descriptor& blob, Outcome outcome) = 0;

  // What the registry itself gave was not the blob: it is told, and may have one that is whole from
  // elsewhere. Waits for that. Whether to ask it once more.
  virtual bool mend(const Digest& digest) = 0;
};

}  // namespace ikada
