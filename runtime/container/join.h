// A further process in a running container: `exec`.
//
// Source: runc(8), exec; setns(2).
#pragma once

#include <sys/types.h>

#include <string>

#include "runtime/base/result.h"
#include "runtime/spec/config.h"

namespace ikada {

struct JoinOptions {
  std::string id;
  std::string state_root;
  OciProcess process;
  Json seccomp;                // linux.seccomp of the container, or null.
  std::string pid_file;        // Empty: none.
  std::string console_socket;  // See CreateOptions.
  int console_fd = -1;
  int preserve_fds = 0;
  bool shares_mounts = false;  // The container has joined a mount namespace.
};

// Returns the new process, a child of ours that runs its program already. kConflict if the
// container does not run; an error of exec itself as start_container() reports it.
Result<pid_t> join_container(const JoinOptions& options);

}  // namespace ikada
