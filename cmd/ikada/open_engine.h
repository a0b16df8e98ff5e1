// The engine of this host as the commands use it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cluster/engine/engine.h"
#include "cluster/engine/program_paths.h"
#include "cmd/ikada/context.h"
#include "runtime/base/result.h"

namespace ikada {

// kDenied unless we are root; kUnavailable if ikada-runtime is not found.
Result<Engine> open_engine(const Context& context);

EngineLayout engine_layout(const Context& context);

// The record of the container a person means.
Result<ContainerRecord> find_record(const Engine& engine, const std::string& name_or_id);

// Does `action` for each container, prints what was typed on success and reports each failure; the
// exit status is 1 if any failed.
void for_each_container(Context& context,
                        const std::vector<std::string>& names,
                        const std::function<Result<void>(Engine&, const ContainerRecord&)>& action);

}  // namespace ikada
