// A container's files as it sees them itself, for `cp`.
//
// Of a running container that is its root in its mount namespace. Of one that does not run, the
// overlay and the container's volumes and binds are mounted in a namespace of our own, which no
// other process sees and which ends with us; until then the container cannot be started.
//
// Everything below fd() is the container's: look it up with open_in_root() alone.
//
// Source: unshare(2), mount_namespaces(7); CVE-2018-15664, CVE-2019-14271 for what goes wrong.
#pragma once

#include <optional>

#include "cluster/engine/active_mark.h"
#include "cluster/engine/engine.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

class ContainerRoot {
 public:
  // May move this process into a mount namespace of its own.
  static Result<ContainerRoot> open(Engine& engine, const ContainerRecord& record);

  ContainerRoot(ContainerRoot&& other) = default;
  ContainerRoot& operator=(ContainerRoot&&) = delete;
  ~ContainerRoot();

  int fd() const { return root_.get(); }

 private:
  ContainerRoot(UniqueFd root, std::optional<ActiveMark> mark)
      : root_(std::move(root)), mark_(std::move(mark)) {}

  UniqueFd root_;
  std::optional<ActiveMark> mark_;  // Of a container that does not run.
};

}  // namespace ikada
