// The commands by name. main() adds only the one that was asked for, so that the others cost
// nothing.
#pragma once

#include <span>
#include <string_view>

namespace CLI {
class App;
}

namespace ikada {

struct Context;

struct Command {
  std::string_view name;
  std::string_view summary;
  void (*add)(CLI::App& app, Context& context);
};

// In the order of `ikada --help`.
std::span<const Command> all_commands();

void add_version_command(CLI::App& app, Context& context);

}  // namespace ikada
