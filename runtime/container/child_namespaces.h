// Namespaces that a child of ours is to be born in without being new: those named by a path, and a
// time namespace whose offsets are set before anyone lives in it.
//
// The calling process enters them for the moment of clone3(2) and goes back when the object dies.
// It is single-threaded. User and mount namespaces are not among them, because it could not go back
// from those: a process in between joins them (runtime/init/first_process.h).
//
// Source: setns(2), time_namespaces(7).
#pragma once

#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/init/plan.h"
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

// The user and mount namespaces that `linux_part` names by a path, for run_forerunner(). kInvalid
// for a path that is no such namespace or our own.
Result<std::vector<JoinedNamespace>> open_joined_namespaces(const OciLinux& linux_part);

// Whether both a user and a network namespace are joined, and the one owns the other.
Result<bool> owns_joined_network(const OciLinux& linux_part);

// Writes the maps of a new user namespace.
Result<void> write_id_maps(pid_t pid, const OciLinux& linux_part);

}  // namespace ikada
