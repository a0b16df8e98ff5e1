#include <stdio.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/container_rows.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/table.h"

namespace ikada {
namespace {

struct PsOptions {
  bool all = false;
  bool quiet = false;
  bool no_trunc = false;
  bool latest = false;
  int last = -1;
  std::vector<std::string> filters;
  std::string format;
};

constexpr std::array kPsColumns = {
    Column{"ID", "CONTAINER ID"},
    Column{"Image", "IMAGE"},
    Column{"Command", "COMMAND"},
    Column{"CreatedAt", "CREATED AT"},
    Column{"RunningFor", "CREATED"},
    Column{"Ports", "PORTS"},
    Column{"State", "STATE"},
    Column{"Status", "STATUS"},
    Column{"Names", "NAMES"},
    Column{"Labels", "LABELS"},
    Column{"Mounts", "MOUNTS"},
    Column{"LocalVolumes", "LOCAL VOLUMES"},
    Column{"Networks", "NETWORKS"},
};

constexpr std::string_view kPsFormat =
    "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";

bool filters_by_state(const std::vector<std::string>& filters) {
  return std::any_of(filters.begin(), filters.end(), [](const std::string& each) {
    return each.starts_with("status=") || each.starts_with("exited=");
  });
}

Result<void> ps(const PsOptions& options, const Context& context) {
  IK_LET(engine, open_engine(context));
  IK_LET(all, list_all_containers(engine.layout()));
  IK_LET(containers, filter_containers(std::move(all), options.filters));
  const int last = options.latest ? 1 : options.last;
  if (!options.all && last < 0 && !filters_by_state(options.filters)) {
    std::erase_if(containers,
                  [](const ListedContainer& each) { return !each.status.is_running(); });
  }
  if (last >= 0 && containers.size() > static_cast<size_t>(last)) {
    containers.erase(containers.begin() + last, containers.end());
  }
  const UnixNanos now = unix_now();
  std::vector<Json> rows;
  for (const ListedContainer& each : containers) {
    rows.push_back(container_row(each, now, !options.no_trunc));
    if (options.quiet && options.format.empty()) {
      ::printf("%s\n", rows.back()["ID"].get_ref<const std::string&>().c_str());
    }
  }
  if (options.quiet && options.format.empty()) return {};
  return print_rows({kPsColumns, kPsFormat}, rows, options.format);
}

}  // namespace

void add_ps_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<PsOptions>();
  CLI::App* command = app.add_subcommand("ps", "List containers");
  command->add_flag("-a,--all", options->all, "Show containers that have ended as well");
  command->add_flag("-q,--quiet", options->quiet, "Only ids");
  command->add_flag("--no-trunc", options->no_trunc, "Do not shorten anything");
  command->add_flag("-l,--latest", options->latest, "Only the container created last");
  command->add_option("-n,--last", options->last, "Only so many containers, the newest");
  command->add_option("-f,--filter", options->filters, "Only containers that match: status=exited")
      ->allow_extra_args(false);
  command->add_option("--format", options->format, "json, table TEMPLATE, or a Go template");
  command->callback([options, &context] { context.finish(ps(*options, context)); });
}

}  // namespace ikada
