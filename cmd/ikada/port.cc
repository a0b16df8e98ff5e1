#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cluster/engine/record_plan.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"

namespace ikada {
namespace {

struct PortOptions {
  std::string container;
  std::string port;
};

std::string host_side(const PublishedPort& mapping) {
  return fmt::format(
      "{}:{}", mapping.host_ip.empty() ? "0.0.0.0" : mapping.host_ip, mapping.host_port);
}

Result<void> port(const PortOptions& options, const Context& context) {
  IK_LET(engine, open_engine(context));
  IK_LET(record, find_record(engine, options.container));
  NetworkStatus network;
  if (live_status(engine.layout(), record.id).is_running()) {
    network = load_network_status(engine.layout(), record.id);
  }
  ExposedPort wanted;
  if (!options.port.empty()) {
    IK_LET(parsed, parse_exposed_port(options.port));
    wanted = parsed;
  }
  bool found = false;
  for (const PublishedPort& each : network.ports) {
    if (options.port.empty()) {
      ::printf(
          "%u/%s -> %s\n", each.container_port, each.protocol.c_str(), host_side(each).c_str());
    } else if (each.container_port == wanted.port && each.protocol == wanted.protocol) {
      ::printf("%s\n", host_side(each).c_str());
      found = true;
    }
  }
  if (options.port.empty() || found) return {};
  return make_error(ErrorKind::kNotFound,
                    "no public port '{}/{}' published for {}",
                    wanted.port,
                    wanted.protocol,
                    options.container);
}

}  // namespace

void add_port_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<PortOptions>();
  CLI::App* command = app.add_subcommand("port", "Show the published ports of a container");
  command->add_option("container", options->container, "Name or id of the container")->required();
  command->add_option("port", options->port, "Only this port of the container: 80 or 53/udp");
  command->callback([options, &context] { context.finish(port(*options, context)); });
}

}  // namespace ikada
