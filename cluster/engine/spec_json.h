// ContainerSpec as JSON, for the record on disk. Fields that hold their default are left out.
#pragma once

#include "cluster/engine/container_spec.h"
#include "runtime/base/json.h"

namespace ikada {

Json to_json(const ContainerSpec& spec);

// kInvalid if a field has the wrong type.
Result<ContainerSpec> parse_container_spec(const Json& json);

}  // namespace ikada
