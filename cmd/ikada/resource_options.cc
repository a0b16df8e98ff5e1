#include "cmd/ikada/resource_options.h"

#include <CLI/CLI.hpp>

#include "cmd/ikada/option_grammar.h"
#include "runtime/base/number.h"

namespace ikada {

void add_resource_options(CLI::App& command, ResourceOptions& options) {
  command.add_option("-m,--memory", options.memory, "Memory limit: 512m");
  command.add_option(
      "--memory-swap", options.memory_swap, "Memory and swap together; -1 is unlimited");
  command.add_option(
      "--memory-reservation", options.memory_reservation, "Memory to keep if others want it");
  command.add_option("--cpus", options.cpus, "How many CPUs it may use: 1.5");
  command.add_option(
      "-c,--cpu-shares", options.cpu_shares, "Weight among other containers, 1024 by default");
  command.add_option("--cpuset-cpus", options.cpuset_cpus, "CPUs it may run on: 0-3 or 0,1");
  command.add_option(
      "--pids-limit", options.pids_limit, "Most processes and threads; -1 is unlimited");
}

Result<std::uint64_t> parse_size_option(const char* option, const std::string& text) {
  if (text.empty()) return std::uint64_t{0};
  return parse_byte_size(text).context("invalid argument \"{}\" for \"{}\"", text, option);
}

Result<void> apply_resource_options(const ResourceOptions& options, ResourceSpec& resources) {
  constexpr std::uint64_t kLeastMemory = std::uint64_t{6} << 20;
  IK_LET(memory, parse_size_option("--memory", options.memory));
  IK_LET(reservation, parse_size_option("--memory-reservation", options.memory_reservation));
  if (memory != 0) resources.memory_bytes = memory;
  if (reservation != 0) resources.memory_reservation_bytes = reservation;
  if (memory != 0 && memory < kLeastMemory) {
    return make_error(ErrorKind::kInvalid, "Minimum memory limit allowed is 6MB");
  }
  if (!options.memory_swap.empty()) {
    IK_LET(swap, parse_memory_swap(options.memory_swap));
    if (resources.memory_bytes == 0 && swap != -1) {
      return make_error(ErrorKind::kInvalid,
                        "You should always set the Memory limit when using Memoryswap limit");
    }
    if (swap != 0) resources.memory_swap_bytes = swap;
  }
  const std::int64_t swap = resources.memory_swap_bytes.value_or(-1);
  if (swap > 0 && static_cast<std::uint64_t>(swap) < resources.memory_bytes) {
    return make_error(ErrorKind::kInvalid,
                      "Minimum memoryswap limit should be larger than memory limit");
  }
  if (!options.cpus.empty()) {
    IK_LET(cpus, parse_cpus(options.cpus));
    resources.nano_cpus = cpus;
  }
  if (options.cpu_shares != 0) resources.cpu_shares = options.cpu_shares;
  if (!options.cpuset_cpus.empty()) resources.cpuset_cpus = options.cpuset_cpus;
  if (options.pids_limit.has_value()) resources.pids = options.pids_limit;
  return {};
}

}  // namespace ikada
