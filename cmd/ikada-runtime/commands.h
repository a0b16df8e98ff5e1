// The commands of ikada-runtime: one file each. A command parses its words, calls the library and
// returns the exit status.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

struct RuntimeContext {
  std::string state_root = "/run/ikada/runtime";
  bool systemd_cgroup = false;
  std::span<char* const> arguments;  // The whole command line.
};

using Words = std::span<char* const>;  // What follows the command's name.

struct RuntimeCommand {
  std::string_view name;
  std::string_view usage;
  std::string_view summary;
  Result<int> (*run)(const RuntimeContext& context, Words words);
};

// In the order of the help text.
std::span<const RuntimeCommand> runtime_commands();

Result<int> create_command(const RuntimeContext& context, Words words);
Result<int> delete_command(const RuntimeContext& context, Words words);
Result<int> events_command(const RuntimeContext& context, Words words);
Result<int> exec_command(const RuntimeContext& context, Words words);
Result<int> features_command(const RuntimeContext& context, Words words);
Result<int> init_process_command(const RuntimeContext& context, Words words);
Result<int> kill_command(const RuntimeContext& context, Words words);
Result<int> list_command(const RuntimeContext& context, Words words);
Result<int> pause_command(const RuntimeContext& context, Words words);
Result<int> ps_command(const RuntimeContext& context, Words words);
Result<int> resume_command(const RuntimeContext& context, Words words);
Result<int> run_command(const RuntimeContext& context, Words words);
Result<int> spec_command(const RuntimeContext& context, Words words);
Result<int> start_command(const RuntimeContext& context, Words words);
Result<int> state_command(const RuntimeContext& context, Words words);
Result<int> task_endpoint_command(const RuntimeContext& context, Words words);
Result<int> update_command(const RuntimeContext& context, Words words);

// What the program ends with after `error`: 127 if the container's program was not found, 126 if it
// cannot be executed, otherwise 1.
int exit_status(const Error& error);

// "container web: " in front of the message, unless it speaks of the container already.
Error name_container(Error error, std::string_view id);

// The one argument of a command that takes a container's id.
Result<std::string> single_id(const std::vector<std::string>& arguments);

// Writes to stdout; results only.
Result<void> print(std::string_view text);

}  // namespace ikada
