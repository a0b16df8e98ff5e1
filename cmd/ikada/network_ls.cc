#include <array>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/network_rows.h"
#include "cmd/ikada/table.h"

namespace ikada {
namespace {

struct NetworkLsOptions {
  bool quiet = false;
  bool no_trunc = false;
  std::vector<std::string> filters;
  std::string format;
};

constexpr std::array kNetworkColumns = {
    Column{"ID", "NETWORK ID"},
    Column{"Name", "NAME"},
    Column{"Driver", "DRIVER"},
    Column{"Scope", "SCOPE"},
    Column{"IPv4", "IPV4"},
    Column{"IPv6", "IPV6"},
    Column{"Internal", "INTERNAL"},
    Column{"Labels", "LABELS"},
    Column{"CreatedAt", "CREATED AT"},
};

Result<void> network_ls(const NetworkLsOptions& options) {
  IK_LET(networks, filter_networks(options.filters));
  std::vector<Json> rows;
  for (const NetworkDescription& each : networks) {
    rows.push_back(network_row(each, !options.no_trunc));
  }
  const std::string format = options.quiet && options.format.empty() ? "{{.ID}}" : options.format;
  return print_rows(
      {kNetworkColumns, "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}"}, rows, format);
}

}  // namespace

void add_network_ls_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<NetworkLsOptions>();
  CLI::App* command = group.add_subcommand("ls", "List networks");
  command->add_flag("-q,--quiet", options->quiet, "Only ids");
  command->add_flag("--no-trunc", options->no_trunc, "Do not shorten anything");
  command->add_option("-f,--filter", options->filters, "Only networks that match: driver=bridge")
      ->allow_extra_args(false);
  command->add_option("--format", options->format, "json, table TEMPLATE, or a Go template");
  command->callback([options, &context] { context.finish(network_ls(*options)); });
}

}  // namespace ikada
