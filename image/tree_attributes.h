// What a file of a tree carries besides its content: which of it belongs into a layer, and which is
// overlayfs's own.
//
// Source: Linux Documentation/filesystems/overlayfs.rst; xattr(7).
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

// How a file of a tree is opened: it may be anything, and reading it leaves no trace.
inline constexpr int kTreeFileFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME;

struct TreeAttributes {
  std::map<std::string, std::string> kept;  // As image/layer_xattr.h decides.
  std::vector<std::string> dropped;         // Names of the others.
  bool is_opaque = false;                   // trusted.overlay.opaque, in neither list.
};

// kInvalid where overlayfs has only a reference to what another layer has (redirect_dir, metacopy).
// `path` is for messages.
Result<TreeAttributes> read_tree_attributes(int fd, const std::string& path);

// overlayfs's mark for a name that the layers below have and this one hides.
bool is_whiteout(const struct stat& status);

// "PATH cannot be in a layer: WHY".
Error not_in_layer(std::string_view path, std::string_view why);

}  // namespace ikada
