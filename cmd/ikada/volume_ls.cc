#include <stdio.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/table.h"
#include "cmd/ikada/volume_rows.h"

namespace ikada {
namespace {

struct VolumeLsOptions {
  bool quiet = false;
  std::vector<std::string> filters;
  std::string format;
};

constexpr std::array kVolumeColumns = {
    Column{"Driver", "DRIVER"},
    Column{"Name", "VOLUME NAME"},
    Column{"Scope", "SCOPE"},
    Column{"Mountpoint", "MOUNTPOINT"},
    Column{"Labels", "LABELS"},
    Column{"Links", "LINKS"},
    Column{"Size", "SIZE"},
    Column{"Availability", "AVAILABILITY"},
    Column{"Group", "GROUP"},
    Column{"Status", "STATUS"},
};

Result<void> volume_ls(const VolumeLsOptions& options, const Context& context) {
  IK_LET(engine, open_engine(context));
  IK_LET(all, list_volumes(engine.layout()));
  IK_LET(volumes, filter_volumes(engine.layout(), std::move(all), options.filters));
  std::vector<Json> rows;
  for (const LocalVolume& each : volumes) rows.push_back(volume_row(each));
  const std::string format = options.quiet && options.format.empty() ? "{{.Name}}" : options.format;
  return print_rows({kVolumeColumns, "table {{.Driver}}\t{{.Name}}"}, rows, format);
}

}  // namespace

void add_volume_ls_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<VolumeLsOptions>();
  CLI::App* command = group.add_subcommand("ls", "List volumes");
  command->add_flag("-q,--quiet", options->quiet, "Only names");
  command->add_option("-f,--filter", options->filters, "Only volumes that match: dangling=true")
      ->allow_extra_args(false);
  command->add_option("--format", options->format, "json, table TEMPLATE, or a Go template");
  command->callback([options, &context] { context.finish(volume_ls(*options, context)); });
}

}  // namespace ikada
