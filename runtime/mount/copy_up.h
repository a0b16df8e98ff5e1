// Filling a new filesystem with what it is about to cover: the mount option tmpcopyup, in the
// container's first process, so system calls only.
//
// Everything goes by descriptor and by single names: a symlink is copied, never followed, whatever
// somebody puts in a directory's place meanwhile. Mounts below the directory are left out.
//
// Source: runc's "tmpcopyup", which engines give to `--tmpfs` and read-only containers.
#pragma once

namespace ikada {

// Copies all below `from_fd`, an O_PATH directory, to `to_fd`, the root of a filesystem that nobody
// else sees yet: contents, owners, modes, times, file capabilities. Hard links become files of
// their own. With `keeps_mode` the root keeps its own mode and owner. 0 or a negative errno value;
// -ELOOP for more than 64 levels.
int copy_up(int from_fd, int to_fd, bool keeps_mode);

}  // namespace ikada
