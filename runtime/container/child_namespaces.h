// Namespaces that a child of ours is to be born in without being new: those named by a path, and a
// time namespace whose offsets are set before anyone lives in it.
//
// The calling process enters them for the moment of clone3(2) and goes back when the object dies.
// It is single-threaded.
//
// Source: setns(2), time_namespaces(7).
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/spec/config.h"

namespace ikada {

class ChildNamespaces {
 public:
  // kInvalid for a path that is not a namespace of the right kind.
  static Result<ChildNamespaces> enter(const OciLinux& linux_part);

  ChildNamespaces(ChildNamespaces&&) = default;
  ChildNamespaces& operator=(ChildNamespaces&&) = delete;
  ChildNamespaces(const ChildNamespaces&) = delete;
  ChildNamespaces& operator=(const ChildNamespaces&) = delete;
  ~ChildNamespaces() { static_cast<void>(leave().has_value()); }

  // Goes back. A process that cannot would go on in the wrong place, so that is an error.
  Result<void> leave();

 private:
  struct Entered {
    int flag;
    UniqueFd own;
  };
  ChildNamespaces() = default;
  Result<void> remember(int flag);

  std::vector<Entered> entered_;
};

// The CLONE_NEW* flags for clone3(2). The cgroup namespace is not among them: clone3 would root it
// at the parent's cgroup.
std::uint64_t clone_flags(const OciLinux& linux_part);

// Writes the maps of a new user namespace.
Result<void> write_id_maps(pid_t pid, const OciLinux& linux_part);

}  // namespace ikada
