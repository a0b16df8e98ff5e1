// Creating a container from a bundle: the `create` of the OCI runtime specification.
//
// The caller is single-threaded and has re-executed itself from a sealed copy (seal_self()). The
// new first process is a child of the caller and waits until start_container() lets it run the
// user's program.
//
// Source: OCI runtime-spec 1.0.2, runtime.md "Lifecycle".
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/cgroup/resources.h"
#include "runtime/container/state.h"

namespace ikada {

struct CreateOptions {
  std::string id;
  std::string bundle;            // Directory with config.json.
  std::string state_root;        // "/run/ikada/runtime"
  std::string pid_file;          // Empty: none.
  std::string console_socket;    // A listening unix socket that receives the pty master by
                                 // SCM_RIGHTS; empty: none.
  int console_fd = -1;           // A connected socket for the same purpose; nothing comes if the
                                 // config asks for no terminal.
  int stdio[3] = {0, 1, 2};      // What the process gets when it has no terminal.
  int preserve_fds = 0;          // Descriptors 3 … 3+n-1 stay open in the container.
  bool die_with_parent = false;  // SIGKILL for the first process when the caller's process ends,
                                 // as far as the program does not change its credentials.
  bool no_new_keyring = false;
  bool no_pivot = false;
  bool systemd_cgroup = false;  // linux.cgroupsPath is "slice:prefix:name".
  // Called in the parent once the first process has its namespaces and before it goes on: attach a
  // veth here.
  std::function<Result<void>(pid_t)> attach_network;
  // Netlink messages that the first process sends in its own network namespace after
  // attach_network, each acknowledged. Empty: the runtime brings lo up itself when the namespace is
  // new.
  std::vector<std::byte> network_messages;
  unsigned network_message_count = 0;
};

// kConflict if the id is in use, kInvalid for a config that is wrong, otherwise what failed.
// Nothing is left on failure.
Result<ContainerState> create_container(const CreateOptions& options);

// Lets a created container run its program. An error from exec itself (not found, not executable)
// is reported here with errno_value ENOENT or EACCES and the like; the container is then stopped.
// kConflict if it is not in state created.
Result<void> start_container(const std::string& state_root, const std::string& id);

// Kills (with `force`) and removes what the runtime made: cgroup, state directory. kConflict if it
// still runs.
Result<void> delete_container(const std::string& state_root, const std::string& id, bool force);

// Sends a signal to the first process, or with `all` to every process of the cgroup.
Result<void> kill_container(const std::string& state_root,
                            const std::string& id,
                            int signal,
                            bool all);

// Changes the limits that `resources` names; the others stay. Device rules, if there are any, take
// the place of all that were. kConflict for a stopped container.
Result<void> update_container(const std::string& state_root,
                              const std::string& id,
                              const Resources& resources);

// Freezes or thaws by cgroup.freeze and waits until the kernel says so.
Result<void> pause_container(const std::string& state_root, const std::string& id);
Result<void> resume_container(const std::string& state_root, const std::string& id);

}  // namespace ikada
