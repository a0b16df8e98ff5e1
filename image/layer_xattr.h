// Which extended attributes of a layer are kept.
//
// Attributes steer kernels: overlayfs reads trusted.overlay.* and user.overlay.*, SELinux and IMA
// theirs. Only what a container's own programs use passes.
//
// Source: xattr(7), capabilities(7) "File capability extended attribute versioning".
#pragma once

#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

// user.* without user.overlay.*, and security.capability that holds for the initial user namespace;
// everything else is to be dropped. kInvalid with code LAYER_XATTR_FORBIDDEN for sizes no kernel
// takes.
Result<bool> keeps_layer_xattr(std::string_view name, std::string_view value);

}  // namespace ikada
