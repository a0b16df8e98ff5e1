#include "cmd/ikada/commands.h"

#include <array>

namespace ikada {

std::span<const Command> all_commands() {
  static constexpr std::array kCommands = {
      Command{"version", "Show the versions of ikada's programs", add_version_command},
  };
  return kCommands;
}

}  // namespace ikada
