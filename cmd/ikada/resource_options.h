// The limits that `run`, `create` and `update` take.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cluster/engine/container_spec.h"
#include "runtime/base/result.h"

namespace CLI {
class App;
}

namespace ikada {

// As typed; empty or 0: not given.
struct ResourceOptions {
  std::string memory;
  std::string memory_swap;
  std::string memory_reservation;
  std::string cpus;
  std::uint64_t cpu_shares = 0;
  std::string cpuset_cpus;
  std::optional<std::int64_t> pids_limit;
};

void add_resource_options(CLI::App& command, ResourceOptions& options);

// Sets what was given and leaves the rest. kInvalid in docker's words.
Result<void> apply_resource_options(const ResourceOptions& options, ResourceSpec& resources);

// A size such as "64m"; 0 for an empty text.
Result<std::uint64_t> parse_size_option(const char* option, const std::string& text);

}  // namespace ikada
