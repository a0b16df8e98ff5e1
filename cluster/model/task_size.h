// The cpu and memory of a whole task: how they may be written, and which pairs Fargate knows.
//
// Source: Amazon ECS API Reference, RegisterTaskDefinition, cpu and memory.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

// CPU units of "512", "1 vCPU", ".25vcpu"; 128 to 262144. ClientException otherwise.
Result<std::int64_t> parse_task_cpu(std::string_view text);

// MiB of "512", "1 GB", "0.5gb"; at least 6. ClientException otherwise.
Result<std::int64_t> parse_task_memory(std::string_view text);

bool is_fargate_size(std::int64_t cpu_units, std::int64_t memory_mib);

}  // namespace ikada
