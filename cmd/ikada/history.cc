#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/open_store.h"
#include "cmd/ikada/table.h"
#include "image/placed_layer.h"
#include "runtime/base/clock.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

struct HistoryOptions {
  std::string image;
  std::string format;
  std::string human = "true";
  bool no_trunc = false;
  bool quiet = false;
};

constexpr size_t kShortIdLength = 12;
constexpr size_t kMaxCreatedBy = 45;

constexpr std::array kHistoryColumns = {
    Column{"ID", "IMAGE"},
    Column{"Comment", "COMMENT"},
    Column{"CreatedAt", "CREATED AT"},
    Column{"CreatedBy", "CREATED BY"},
    Column{"CreatedSince", "CREATED"},
    Column{"Size", "SIZE"},
};
constexpr std::string_view kPeople =
    "table {{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";
constexpr std::string_view kMachines =
    "table {{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";

// One line, at most 45 bytes and none of a character's cut.
std::string shorten(std::string text) {
  std::replace(text.begin(), text.end(), '\t', ' ');
  if (text.size() <= kMaxCreatedBy) return text;
  size_t end = kMaxCreatedBy - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) --end;
  return text.substr(0, end) + "…";
}

Json row_of(const ImageHistory& step, std::uint64_t size, const HistoryOptions& options) {
  const UnixNanos created = parse_rfc3339(step.created).value_or(0);
  const bool human = options.human == "true";
  std::string by = step.created_by;
  std::replace(by.begin(), by.end(), '\n', ' ');
  return {{"ID", "<missing>"},
          {"Comment", step.comment},
          {"CreatedAt", step.created.empty() ? "N/A" : step.created},
          {"CreatedBy", options.no_trunc ? by : shorten(by)},
          {"CreatedSince",
           step.created.empty()
               ? "N/A"
               : format_duration_words((unix_now() - created) / 1'000'000'000) + " ago"},
          {"Size", human ? format_decimal_size(size) : std::to_string(size)}};
}

// Newest first, as docker lists them. Only the image itself has an id.
Result<std::vector<Json>> list_rows(const ImageStore& store, const HistoryOptions& options) {
  IK_LET(image, store.find(options.image));
  IK_LET(config, store.config(image));
  IK_LET(manifest, store.manifest(image));
  std::vector<ImageHistory> steps = config.history;
  const auto layers = static_cast<size_t>(
      std::count_if(steps.begin(), steps.end(), [](const auto& s) { return !s.empty_layer; }));
  // An image need not say how its layers came about.
  for (size_t i = layers; i < manifest.layers.size(); ++i) steps.emplace_back();
  std::vector<Json> rows;
  size_t layer = 0;
  for (const ImageHistory& step : steps) {
    std::uint64_t size = 0;
    if (!step.empty_layer && layer < manifest.layers.size()) {
      IK_LET(bytes, layer_content_bytes(store, manifest.layers[layer++].digest));
      size = bytes;
    }
    rows.push_back(row_of(step, size, options));
  }
  std::reverse(rows.begin(), rows.end());
  if (!rows.empty()) {
    rows.front()["ID"] = options.no_trunc ? image.id : image.id.substr(7, kShortIdLength);
  }
  return rows;
}

Result<void> history(const HistoryOptions& options, const Context& context) {
  IK_LET(store, open_store(context));
  IK_LET(rows, list_rows(store, options));
  const TableFormat table{.columns = kHistoryColumns,
                          .default_format = options.human == "true" ? kPeople : kMachines};
  return print_rows(
      table, rows, options.quiet && options.format.empty() ? "{{.ID}}" : options.format);
}

}  // namespace

void add_history_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<HistoryOptions>();
  CLI::App* command = app.add_subcommand("history", "Show the steps that made an image");
  command->add_option("image", options->image, "Name or id of the image")->required();
  command->add_option("--format", options->format, "\"table\", \"json\" or a Go template");
  command->add_flag("-H,--human{true}", options->human, "Sizes and times for people (on)");
  command->add_flag("--no-trunc", options->no_trunc, "Whole ids and commands");
  command->add_flag("-q,--quiet", options->quiet, "Only ids");
  command->callback([options, &context] { context.finish(history(*options, context)); });
}

}  // namespace ikada
