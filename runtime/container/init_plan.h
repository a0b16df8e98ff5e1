// From config.json to the plan that the first process carries out.
#pragma once

#include <string>

#include "runtime/base/result.h"
#include "runtime/container/create.h"
#include "runtime/init/plan.h"
#include "runtime/spec/config.h"

namespace ikada {

// Opens the bind sources and the root as well, which is why it belongs to the parent.
Result<InitPlan> build_init_plan(const OciConfig& config,
                                 const CreateOptions& options,
                                 const std::string& bundle);

// Moves what it can out of `process`. `seccomp` is linux.seccomp or null.
Result<ProgramPlan> build_program_plan(const OciProcess& process, const Json& seccomp);

// Where the container's processes are born: linux.cgroupsPath, or /ikada/ID without one. With
// `systemd_cgroup` the path is "slice:prefix:name".
Result<std::string> plan_cgroup_path(const std::string& cgroups_path,
                                     const std::string& id,
                                     bool systemd_cgroup);

}  // namespace ikada
