// Copying a directory with all below it by descriptor: types, modes, owners, times, extended
// attributes, hard links, device nodes. Symbolic links are copied, never followed; other mounts are
// not entered.
//
// Source: copy_file_range(2), mknodat(2), fsetxattr(2).
#pragma once

#include "runtime/base/result.h"

namespace ikada {

// Copies the content of `source_fd` into the directory `target_fd` and gives that directory the
// source's mode, owner and times. Both are open for reading.
Result<void> copy_tree(int source_fd, int target_fd);

}  // namespace ikada
