// Masked and read-only paths of a container, set in its first process: system calls only.
//
// A masked file becomes a bind of the container's own /dev/null, after it has been verified to be
// character device 1:3; masked directories share one empty read-only tmpfs. Paths that do not exist
// are passed over; any other failure is one.
//
// Source: OCI runtime-spec 1.0.2, config-linux.md "Masked Paths", "Readonly Paths".
#pragma once

#include <string>
#include <vector>

#include "runtime/mount/attach.h"

namespace ikada {

// `item` is the index of the path that failed; 0 or a negative errno value.
int mask_paths(const std::vector<std::string>& paths, const RootView& view, unsigned& item);
int make_paths_readonly(const std::vector<std::string>& paths,
                        const RootView& view,
                        unsigned& item);

}  // namespace ikada
