// Looking up and making paths inside a container's root, for the first process: system calls only.
//
// Every function returns a descriptor or a negative errno value. Paths are absolute and are seen
// from `root_fd`, which symlinks and ".." cannot leave.
//
// What is missing is made where it would be found: at the end of a dangling symlink, inside the
// root.
//
// Source: openat2(2).
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace ikada {

// openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS and `resolve`; O_CLOEXEC is always set.
int open_rooted(int root_fd, const char* path, int flags, std::uint64_t resolve, mode_t mode = 0);

// A directory by O_PATH; missing ones are made with `mode`.
int open_or_make_directory(int root_fd, const char* path, std::uint64_t resolve, mode_t mode);

// A file by O_PATH, made empty if it is missing, with its directories.
int open_or_make_file(int root_fd, const char* path, std::uint64_t resolve);

// Below a directory: no symlinks, no mounts, nothing outside. For /proc.
int open_below(int dir_fd, const char* path, int flags);

}  // namespace ikada
