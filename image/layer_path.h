// What the name of a tar entry means inside a layer.
//
// Names come from strangers. A name that passes here is a list of plain components: relative, no
// ".", no "..", no empty part. Symlinks in it are still to be resolved inside the layer's root.
//
// Source: OCI image-spec 1.1, layer.md, "Whiteouts"; AUFS leftovers: Docker's layers of old.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

struct LayerPath {
  enum class Kind {
    kEntry,     // parent/name is to be made; both empty for the root itself.
    kWhiteout,  // parent/name of the layers below is hidden.
    kOpaque,    // All that the layers below have in `parent` is hidden.
    kIgnored,   // AUFS book-keeping.
  };
  Kind kind = Kind::kEntry;
  std::string parent;  // "usr/share", or empty for the root.
  std::string name;

  bool is_root() const { return kind == Kind::kEntry && name.empty(); }
  std::string full() const { return parent.empty() ? name : parent + "/" + name; }
};

// kInvalid with code LAYER_PATH_INVALID (leaves the root, empty, too long) or
// LAYER_WHITEOUT_INVALID (".wh." that hides nothing nameable).
Result<LayerPath> parse_layer_path(std::string_view text);

// The same cleaning for the target of a hard link, where whiteout names mean nothing.
Result<LayerPath> parse_link_target(std::string_view text);

}  // namespace ikada
