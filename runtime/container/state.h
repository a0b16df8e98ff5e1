// What is known of a container between two commands, kept as STATE_ROOT/ID/state.json.
//
// Source: OCI runtime-spec 1.0.2, runtime.md "State".
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

enum class ContainerStatus { kCreating, kCreated, kRunning, kPaused, kStopped };

// "creating", "created", "running", "paused", "stopped".
std::string_view status_name(ContainerStatus status);

struct ContainerState {
  std::string id;
  std::string bundle;
  std::string rootfs;
  std::string cgroup_path;  // Relative to the cgroup2 root: "/ikada/ID". Empty: none.
  pid_t pid = 0;            // 0: never got that far.
  // process_start_time() of pid, so that a reused pid is not mistaken for it.
  std::uint64_t pid_start_time = 0;
  UnixNanos created = 0;
  std::string owner;
  bool has_poststart_hooks = false;
  bool has_poststop_hooks = false;
  std::map<std::string, std::string> annotations;
};

// kNotFound "container ID does not exist".
Result<ContainerState> load_state(const std::string& state_root, const std::string& id);

// Whether the first process is still there; a zombie is not.
bool is_alive(const ContainerState& state);

// Looked up anew at every call: process alive? start socket there? cgroup frozen?
ContainerStatus current_status(const std::string& state_root, const ContainerState& state);

// Ids with a state, in no order; an absent root is empty.
Result<std::vector<std::string>> list_states(const std::string& state_root);

// The state as the specification has it: for `state`, for hooks.
Json oci_state(const ContainerState& state, ContainerStatus status);

}  // namespace ikada
