// `cp`: a path here to a path there, by docker's rules for what the target then is.
//
// Both sides are a root and a path in it; the host's root is "/". Paths are looked up inside their
// root and used by descriptor from then on, so that what a container does to its own tree meanwhile
// cannot lead outside (CVE-2018-15664).
//
// Source: docker-cp(1).
#pragma once

#include <cstdint>
#include <string>

#include "cluster/engine/tree_copy.h"
#include "image/tar_reader.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct CopyPlace {
  int root_fd = -1;
  std::string path = {};  // Absolute; an end of "/" or "/." asks for a directory.
};

// "/a/./b/../c/" → "/a/c/". Only text: no look-up.
std::string clean_copy_path(const std::string& path);

// A name in a directory: where a copy goes to or comes from. As a target an empty name means that
// the content goes into the directory itself.
struct CopyTarget {
  UniqueFd directory;
  std::string name;
};

// The directory that the source lies in and its name there, "." for a directory's content. The name
// is not followed if it is a symbolic link.
Result<CopyTarget> find_copy_source(const CopyPlace& source);

// kNotFound and kInvalid in docker's words.
Result<CopyTarget> find_copy_target(const CopyPlace& source,
                                    bool source_is_directory,
                                    const CopyPlace& target);

// With `follow` a symbolic link at the end of the source's path is followed. Returns the bytes of
// the files' contents.
Result<std::uint64_t> copy_path(const CopyPlace& source,
                                const CopyPlace& target,
                                bool follow,
                                const CopyRules& rules);

// The entries of a tar stream below the directory at `target`, which has to exist. Compressed
// streams are not taken. Returns the bytes of the files' contents.
Result<std::uint64_t> unpack_into(TarReader& archive,
                                  const CopyPlace& target,
                                  const CopyRules& rules);

}  // namespace ikada
