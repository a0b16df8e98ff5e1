// Files by descriptor: opening, rooted look-up, reading and writing whole.
//
// Paths that a container or an image can change are opened only through open_in_root() and then
// used by descriptor.
//
// Source: openat2(2), path_resolution(7), copy_file_range(2).
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

// open(2) of a path we trust. O_CLOEXEC is always set.
Result<UniqueFd> open_file(const std::string& path, int flags, mode_t mode = 0);

// openat(2), likewise.
Result<UniqueFd> open_file_at(int dir_fd, const std::string& path, int flags, mode_t mode = 0);

// openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS: `path` is looked up as a process
// chrooted to `root_fd` would see it, so symlinks cannot leave. An empty path or "/" is the root
// itself. Retries while a rename races (EAGAIN).
Result<UniqueFd> open_in_root(int root_fd, const std::string& path, int flags, mode_t mode = 0);

// openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV.
Result<UniqueFd> open_beneath(int dir_fd, const std::string& path, int flags, mode_t mode = 0);

// mkdir -p inside a root, component by component by descriptor; returns an O_PATH descriptor of the
// last directory. Symlinks in existing components are followed inside the root.
Result<UniqueFd> make_directories_in_root(int root_fd, const std::string& path, mode_t mode);

// mkdir -p for a path we trust. Existing directories stay as they are.
Result<void> make_directories(const std::string& path, mode_t mode);

// All bytes of a file; kInvalid if it is larger than `max_bytes`, whatever stat says.
Result<std::string> read_fd(int fd, size_t max_bytes);
Result<std::string> read_file(const std::string& path, size_t max_bytes = size_t{64} << 20);

// All bytes or an error; EINTR is retried.
Result<void> write_all(int fd, std::string_view bytes);

// Copies what is left of one regular file to the other, inside the kernel where it can.
Result<void> copy_file_content(int from_fd, int to_fd);

// The names in a directory without "." and "..", in no order.
Result<std::vector<std::string>> list_directory(const std::string& path);

// Removes a file, or a directory with all below it, by descriptor and without following symlinks or
// crossing mounts. A missing path is not an error.
Result<void> remove_tree(const std::string& path);

// The same for `name` in the open directory `dir_fd`.
Result<void> remove_tree_at(int dir_fd, const std::string& name);

// An exclusive flock(2) on `path`, which is created 0600 if need be; held until the descriptor is
// closed. With `wait` false a lock held by another process is kConflict.
Result<UniqueFd> lock_file(const std::string& path, bool wait = true);

}  // namespace ikada
