// Hooks that run in the runtime's own namespaces.
//
// Source: OCI runtime-spec 1.0.2, config.md "POSIX-platform Hooks".
#pragma once

#include <vector>

#include "runtime/base/result.h"
#include "runtime/container/state.h"
#include "runtime/init/plan.h"
#include "runtime/spec/config.h"

namespace ikada {

std::vector<HookProgram> plan_hooks(const std::vector<OciHook>& hooks);

// A memfd for hooks' stdin; filled by write_hook_state().
Result<UniqueFd> create_hook_state();
Result<void> write_hook_state(int fd, const ContainerState& state, ContainerStatus status);

// Runs them in order and stops at the first that fails. `kind` is for messages.
Result<void> run_runtime_hooks(const std::vector<OciHook>& hooks,
                               const ContainerState& state,
                               ContainerStatus status,
                               std::string_view kind);

// After a container is gone. Its bundle may be gone too, and then there are none.
Result<void> run_poststop_hooks(const ContainerState& state);

}  // namespace ikada
