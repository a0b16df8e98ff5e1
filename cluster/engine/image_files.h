// Reading files of an image without starting anything: the layers as an overlay would show them.
//
// Nothing of the image is trusted: look-ups cannot leave the layers, only regular files are read,
// and only up to a limit.
//
// Source: Linux Documentation/filesystems/overlayfs.rst (whiteouts: character device 0:0; opaque
// directories: trusted.overlay.opaque "y").
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

class ImageFiles {
 public:
  // `layers` are directories, lowest first.
  explicit ImageFiles(std::vector<std::string> layers) : layers_(std::move(layers)) {}

  // The text of a regular file; empty if there is none. kInvalid if it is larger than `max_bytes`.
  Result<std::string> read(const std::string& path, size_t max_bytes);

  // The image's root directory as one tree, for reading: a layer, or an overlay that is attached to
  // no path.
  Result<int> root();

 private:
  Result<std::optional<std::string>> read_without_symlinks(const std::string& path,
                                                           size_t max_bytes) const;

  std::vector<std::string> layers_;
  UniqueFd root_;
};

// The text of a regular file below `root_fd`; empty if there is none or it is something else.
Result<std::string> read_file_in_root(int root_fd, const std::string& path, size_t max_bytes);

}  // namespace ikada
