// A further process in a running container: the OCI process object for `ikada-runtime exec`.
//
// Source: OCI runtime-spec 1.0.2, config.md "Process"; docker-exec(1).
#pragma once

#include <string>
#include <vector>

#include "cluster/engine/container_record.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct ExecWish {
  std::vector<std::string> args;
  std::vector<std::string> env;  // Beyond the container's.
  std::string user;              // Empty: the container's.
  std::string working_dir;       // Empty: the container's.
  bool terminal = false;
  bool privileged = false;
};

// `config` is the container's config.json; `passwd` and `group` are the texts of its files as they
// are now. kInvalid or kNotFound for the user.
Result<Json> plan_exec_process(const ExecWish& wish,
                               const Json& config,
                               std::string_view passwd,
                               std::string_view group);

// The same for a container that runs: reads its config.json, and its passwd and group through its
// own root, which no link in it can leave. kConflict if it does not run or is paused.
Result<Json> prepare_exec(const EngineLayout& layout,
                          const ContainerRecord& record,
                          const ExecWish& wish);

}  // namespace ikada
