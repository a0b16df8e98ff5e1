#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"

namespace ikada {

void add_pause_command(CLI::App& app, Context& context) {
  auto containers = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("pause", "Freeze all processes of containers");
  command->add_option("container", *containers, "Names or ids of containers")->required();
  command->callback([containers, &context] {
    for_each_container(context, *containers, [](Engine& engine, const ContainerRecord& record) {
      return engine.pause(record);
    });
  });
}

}  // namespace ikada
