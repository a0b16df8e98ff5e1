#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/network_rows.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/print_objects.h"

namespace ikada {
namespace {

struct NetworkInspectOptions {
  std::vector<std::string> names;
  std::string format;
};

void network_inspect(const NetworkInspectOptions& options, Context& context) {
  const Result<Engine> engine = open_engine(context);
  if (!engine.has_value()) return context.finish(engine.error());
  print_objects(
      options.names,
      options.format,
      [&](const std::string& name) -> Result<Json> {
        IK_LET(network, find_network(name));
        return describe_network(network, engine->layout(), engine->bridge());
      },
      context);
}

}  // namespace

void add_network_inspect_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<NetworkInspectOptions>();
  CLI::App* command = group.add_subcommand("inspect", "Show everything about networks");
  command->add_option("network", options->names, "Names or ids of networks")->required();
  command->add_option("-f,--format", options->format, "json, or a Go template");
  command->callback([options, &context] { network_inspect(*options, context); });
}

}  // namespace ikada
