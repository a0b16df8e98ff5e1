// The names of containers: reserving one, finding a container by what a person typed.
//
// A name is a symbolic link ROOT/names/NAME, so two commands cannot have the same one. A link whose
// container has gone is a leftover and is taken over.
//
// Source: symlink(2) fails with EEXIST atomically; docker-run(1) for what a name may contain.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/engine/layout.h"
#include "runtime/base/result.h"

namespace ikada {

// Letters, digits, '_', '.', '-', beginning with a letter or digit, two characters or more.
// kInvalid in docker's words otherwise.
Result<void> check_container_name(std::string_view name);

// Two words of ours: "steady_otter".
std::string random_container_name();

// The container's directory exists already. kConflict in docker's words if the name is taken.
Result<void> reserve_name(const EngineLayout& layout,
                          const std::string& name,
                          const std::string& id);

// A random name nobody has, reserved.
Result<std::string> reserve_random_name(const EngineLayout& layout, const std::string& id);

// Only if the name still belongs to `id`.
void release_name(const EngineLayout& layout, const std::string& name, const std::string& id);

// Whatever name `id` has, for a container whose record is gone: looks at every name.
void release_names_of(const EngineLayout& layout, const std::string& id);

// The id of the container a person means: its name, its id, or the beginning of one id.
// kNotFound "No such container: X"; kInvalid if several ids begin so.
Result<std::string> find_container(const EngineLayout& layout, std::string_view name_or_id);

// Ids of all containers, in no order.
Result<std::vector<std::string>> list_containers(const EngineLayout& layout);

}  // namespace ikada
