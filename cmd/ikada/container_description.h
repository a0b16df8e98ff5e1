// A container as `inspect` describes it: docker's JSON, field by field.
//
// Source: Docker Engine API 1.43, ContainerInspect.
#pragma once

#include "cmd/ikada/container_rows.h"
#include "runtime/base/json.h"

namespace ikada {

Json describe_container(const ListedContainer& container, const EngineLayout& layout);

}  // namespace ikada
