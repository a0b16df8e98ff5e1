#include <stdio.h>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"

namespace ikada {

void add_version_command(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("version", "Show the versions of ikada's programs");
  command->callback([&context] {
    ::printf("ikada version %s\n", IKADA_VERSION);
    context.finish({});
  });
}

}  // namespace ikada
