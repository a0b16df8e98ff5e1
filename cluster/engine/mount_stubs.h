// The empty files and directories that a container start makes for mounts to be attached to: what
// is left of them in the files that a build keeps.
//
// Source: OCI runtime-spec 1.0.2, config.md "Mounts": a destination that does not exist is created.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

class MountStubs {
 public:
  // The places that `destinations`, and the mounts of every container, need and `layers` (lowest
  // first) do not have. `mount_point` is an empty directory to look at the layers from.
  static Result<MountStubs> find(const std::vector<std::string>& layers,
                                 std::vector<std::string> destinations,
                                 const std::string& mount_point);

  // Takes those away that are still empty in the container's upper directory, with copies of
  // directories that were made only for them.
  Result<void> remove_from(const std::string& upper) const;

 private:
  struct CopiedDirectory {
    std::string path;
    unsigned mode = 0;
    unsigned uid = 0;
    unsigned gid = 0;
  };

  std::vector<std::string> missing_;      // Deepest first, without symlinks.
  std::vector<CopiedDirectory> parents_;  // Deepest first; these are in the layers.
};

}  // namespace ikada
