#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/resource_options.h"

namespace ikada {
namespace {

struct UpdateOptions {
  ResourceOptions resources;
  std::vector<std::string> containers;
};

}  // namespace

void add_update_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<UpdateOptions>();
  CLI::App* command = app.add_subcommand("update", "Change the limits of containers");
  add_resource_options(*command, options->resources);
  command->add_option("container", options->containers, "Names or ids of containers")->required();
  command->callback([options, &context] {
    for_each_container(context,
                       options->containers,
                       [&](Engine& engine, const ContainerRecord& record) -> Result<void> {
                         ResourceSpec resources = record.spec.resources;
                         IK_TRY(apply_resource_options(options->resources, resources));
                         return engine.update(record, resources);
                       });
  });
}

}  // namespace ikada
