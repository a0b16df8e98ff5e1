// A directory for a layer beside files that no layer may touch.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/unpack.h"
#include "runtime/base/result.h"

namespace ikada {

class UnpackFixture {
 public:
  // Everything is below a new directory of the system's temporary one; removed at the end.
  UnpackFixture();
  UnpackFixture(const UnpackFixture&) = delete;
  UnpackFixture& operator=(const UnpackFixture&) = delete;
  ~UnpackFixture();

  // Unpacks `blob` in pieces of `piece` bytes.
  Result<UnpackedLayer> unpack(std::string_view blob, LayerLimits limits = {}, size_t piece = 5000);

  // The outside as it was when the fixture was made: names, types, modes, owners, times, contents.
  bool is_outside_untouched() const;

  // A path in the layer, for looking at it without following a last symlink.
  std::string path(std::string_view name) const { return layer_ + "/" + std::string(name); }
  const std::string& outside() const { return outside_; }

  std::string content(std::string_view name) const;  // "" if there is no such file.
  bool exists(std::string_view name) const;

 private:
  std::string describe_outside() const;

  std::string directory_;
  std::string outside_;
  std::string layer_;
  std::string before_;
};

// Extraction makes devices and owners; without root there is nothing to test.
bool can_unpack();

}  // namespace ikada
