// Compressing one layer's bytes: gzip by igzip, zstd, or not at all.
//
// The same bytes give the same output at the same level on the same kind of machine. Nothing in the
// output tells a time or a host.
//
// Source: RFC 1952, RFC 8878; igzip_lib.h.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "image/manifest.h"
#include "runtime/base/result.h"

namespace ikada {

inline constexpr int kDefaultLevel = -1;

class Compressor {
 public:
  using Output = std::function<Result<void>(std::string_view)>;

  // gzip has levels 0 (quickest) to 3, zstd 1 to 19; kDefaultLevel is 1 and 3. kInvalid for others.
  static Result<Compressor> create(Compression compression, int level, Output output);
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;
  ~Compressor();

  // Fails only as the output does.
  Result<void> write(std::string_view bytes);

  // The last bytes. Call it once.
  Result<void> finish();

 private:
  struct State;
  explicit Compressor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ikada
