// What a container has written, and its whole file system, for reading. The container may run.
//
// The whole is seen through a read-only overlay of its own that is attached nowhere, with the
// container's upper directory as the topmost layer: nothing that is mounted in the container
// (volumes, /proc, /etc/hosts) is in it, and nothing of the container is disturbed.
//
// Source: docker-diff(1); Linux Documentation/filesystems/overlayfs.rst.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cluster/engine/image_files.h"
#include "cluster/engine/layout.h"
#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

struct PathChange {
  char kind = 'C';        // 'A' added, 'C' changed, 'D' deleted.
  std::string path = {};  // "/etc/hosts"
};

// How the tree at `upper_fd` changes the one at `lower_fd` (-1: an empty one), in the order of
// paths. Directories are listed as changed when anything below them is.
Result<std::vector<PathChange>> list_changes(int upper_fd, int lower_fd);

class ContainerTree {
 public:
  // kNotFound if the container's image or layers are missing.
  static Result<ContainerTree> open(const ImageStore& store,
                                    const EngineLayout& layout,
                                    const std::string& container);

  const StoredImage& image() const { return image_; }
  int upper_fd() const { return upper_.get(); }

  // As overlayfs shows it to the container, without what is mounted there.
  Result<int> merged_fd() { return merged_.root(); }

  Result<std::vector<PathChange>> changes();

 private:
  ContainerTree(StoredImage image, UniqueFd upper, const std::vector<std::string>& layers);

  StoredImage image_;
  UniqueFd upper_;
  ImageFiles lower_;
  ImageFiles merged_;
  bool has_layers_;
};

// Paths on which the runtime mounts something of its own in every container. It makes them in the
// upper directory if the image has none; they are no change by the container.
const std::set<std::string>& mount_stubs();

}  // namespace ikada
