// A directory with all below it as a tar stream, and the same directory made to be what that stream
// says.
//
// Everything is reached by descriptor and no symbolic link is followed, so the tree may belong to a
// container. Names are sorted; a file with several names is written under the first and linked to
// from the others; sockets are left out; of extended attributes those stay that unpacking keeps
// (image/layer_xattr.h). Other file systems that are mounted below are not entered. The root itself
// has no entry. A file that shrinks while it is read is filled up with zeros.
//
// Source: OCI image-spec 1.1, layer.md; Linux Documentation/filesystems/overlayfs.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "image/tar_writer.h"
#include "runtime/base/result.h"

namespace ikada {

struct TreeTarOptions {
  // overlayfs's marks become those of a layer: a character device 0:0 is ".wh.NAME", a directory
  // with trusted.overlay.opaque has ".wh..wh..opq". Without it the devices are left out.
  bool as_layer = true;
  std::optional<std::int64_t> latest_mtime_s = {};  // What is newer gets this time.
  std::set<std::string> skipped_if_empty = {};      // Paths without a leading slash.
};

// Writes all entries, without the end of the archive; returns the sum of the files' sizes. kInvalid
// for what a layer cannot say: names that begin with ".wh.", and what overlayfs moved or copied in
// part (redirect_dir, metacopy).
Result<std::uint64_t> write_tree_tar(int tree_fd, const TreeTarOptions& options, TarWriter& writer);

// Takes from the tree what its tar leaves out, and sets the times that the tar has: it is then what
// unpacking the tar would give, overlayfs's marks included. Returns the sum of the files' sizes.
Result<std::uint64_t> settle_tree(int tree_fd, const TreeTarOptions& options);

}  // namespace ikada
