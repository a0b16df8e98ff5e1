#include <stdio.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cluster/engine/usage.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/container_rows.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/table.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

struct StatsOptions {
  std::vector<std::string> containers;
  bool all = false;
  bool no_stream = false;
  bool no_trunc = false;
  std::string format;
};

constexpr std::array kStatsColumns = {
    Column{"Container", "CONTAINER"},
    Column{"ID", "CONTAINER ID"},
    Column{"Name", "NAME"},
    Column{"CPUPerc", "CPU %"},
    Column{"MemUsage", "MEM USAGE / LIMIT"},
    Column{"MemPerc", "MEM %"},
    Column{"NetIO", "NET I/O"},
    Column{"BlockIO", "BLOCK I/O"},
    Column{"PIDs", "PIDS"},
};

constexpr std::string_view kStatsFormat =
    "table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}"
    "\t{{.PIDs}}";

struct MeasuredContainer {
  ContainerRecord record;
  std::optional<Usage> before;
  std::optional<Usage> now;
};

std::string pair_of(const std::string& first, const std::string& second) {
  return first + " / " + second;
}

Json usage_row(const MeasuredContainer& each, bool truncate) {
  const Usage now = each.now.value_or(Usage{});
  const double cpu = each.before && each.now ? cpu_percent(*each.before, *each.now) : 0;
  const double memory = now.memory_limit_bytes == 0
                            ? 0
                            : 100.0 * static_cast<double>(now.memory_bytes) /
                                  static_cast<double>(now.memory_limit_bytes);
  return {
      {"Container", each.record.short_id()},
      {"ID", truncate ? each.record.short_id() : each.record.id},
      {"Name", each.record.name},
      {"CPUPerc", fmt::format("{:.2f}%", cpu)},
      {"MemUsage",
       pair_of(format_binary_size(now.memory_bytes), format_binary_size(now.memory_limit_bytes))},
      {"MemPerc", fmt::format("{:.2f}%", memory)},
      {"NetIO",
       pair_of(format_decimal_size(now.network_received_bytes),
               format_decimal_size(now.network_sent_bytes))},
      {"BlockIO",
       pair_of(format_decimal_size(now.io_read_bytes), format_decimal_size(now.io_written_bytes))},
      {"PIDs", fmt::format("{}", now.pids)},
  };
}

Result<std::vector<MeasuredContainer>> choose(const StatsOptions& options, const Engine& engine) {
  std::vector<MeasuredContainer> chosen;
  for (const std::string& name : options.containers) {
    IK_LET(record, find_record(engine, name));
    chosen.push_back({.record = std::move(record), .before = {}, .now = {}});
  }
  if (!options.containers.empty()) return chosen;
  IK_LET(all, list_all_containers(engine.layout()));
  for (ListedContainer& each : all) {
    if (!options.all && !each.status.is_running()) continue;
    chosen.push_back({.record = std::move(each.record), .before = {}, .now = {}});
  }
  return chosen;
}

void measure_containers(const Engine& engine, std::vector<MeasuredContainer>& containers) {
  for (MeasuredContainer& each : containers) {
    each.before = each.now;
    const Result<Usage> usage = measure_usage(engine.layout(), each.record);
    each.now = usage.has_value() ? std::optional(*usage) : std::nullopt;
  }
}

Result<void> stats(const StatsOptions& options, const Context& context) {
  constexpr unsigned kFirstIntervalUs = 250'000;
  constexpr unsigned kIntervalUs = 1'000'000;
  IK_LET(engine, open_engine(context));
  IK_LET(containers, choose(options, engine));
  measure_containers(engine, containers);
  ::usleep(kFirstIntervalUs);
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  while (true) {
    measure_containers(engine, containers);
    std::vector<Json> rows;
    for (const MeasuredContainer& each : containers)
      rows.push_back(usage_row(each, !options.no_trunc));
    // Home and clear, so that the table stays in place.
    if (!options.no_stream && is_terminal) ::printf("\x1b[H\x1b[2J");
    IK_TRY(print_rows({kStatsColumns, kStatsFormat}, rows, options.format));
    if (::fflush(stdout) != 0 || options.no_stream) return {};
    ::usleep(kIntervalUs);
    if (options.containers.empty()) {
      IK_LET(fresh, choose(options, engine));
      for (MeasuredContainer& each : fresh) {
        for (const MeasuredContainer& known : containers) {
          if (known.record.id == each.record.id) each.now = known.now;
        }
      }
      containers = std::move(fresh);
    }
  }
}

}  // namespace

void add_stats_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<StatsOptions>();
  CLI::App* command = app.add_subcommand("stats", "Show what running containers use");
  command->add_option("container", options->containers, "Names or ids of containers; none: all");
  command->add_flag("-a,--all", options->all, "Also containers that do not run");
  command->add_flag("--no-stream", options->no_stream, "Print once and end");
  command->add_flag("--no-trunc", options->no_trunc, "Do not shorten ids");
  command->add_option("--format", options->format, "json, table TEMPLATE, or a Go template");
  command->callback([options, &context] { context.finish(stats(*options, context)); });
}

}  // namespace ikada
