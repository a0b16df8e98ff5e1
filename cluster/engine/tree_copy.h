// Copying files and directories with all below them by descriptor: types, modes, owners, times,
// extended attributes, hard links, device nodes. Symbolic links are copied, never followed, so both
// sides may belong to a container that changes them meanwhile. Of the kernel's own file systems
// (proc, sysfs, cgroup2, devpts, mqueue) nothing is copied; sockets are left out.
//
// Source: copy_file_range(2), mknodat(2), fsetxattr(2), openat(2).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/base/result.h"

namespace ikada {

struct CopyRules {
  struct Owner {
    uid_t uid = 0;
    gid_t gid = 0;
  };
  std::optional<Owner> owner = {};  // Of everything that is made; empty: as in the source.
  bool replaces = false;            // What is there already is replaced, directories are merged.
  bool enters_mounts = false;       // Other mounts below the source are copied, too.
};

// Copies the content of the directory `source_fd` into the directory `target_fd` and gives that
// directory the source's mode, owner and times, unless `replaces` is set. Both are open for
// reading. Returns the bytes of the files' contents.
Result<std::uint64_t> copy_tree(int source_fd, int target_fd, const CopyRules& rules = {});

// Copies what `source_fd` (any kind, O_PATH is enough) stands for to `name` in the directory
// `target_dir`. kConflict for a directory where something else is, and the reverse.
Result<std::uint64_t> copy_entry(int source_fd,
                                 int target_dir,
                                 const std::string& name,
                                 const CopyRules& rules);

}  // namespace ikada
