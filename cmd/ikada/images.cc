#include <array>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/image_rows.h"
#include "cmd/ikada/open_store.h"
#include "cmd/ikada/table.h"

namespace ikada {
namespace {

struct ImagesOptions {
  std::string repository;
  std::vector<std::string> filters;
  std::string format;
  bool all = false;
  bool quiet = false;
  ImageRowOptions rows;
};

constexpr std::array kImagesColumns = {
    Column{"Containers", "CONTAINERS"},
    Column{"CreatedAt", "CREATED AT"},
    Column{"CreatedSince", "CREATED"},
    Column{"Digest", "DIGEST"},
    Column{"ID", "IMAGE ID"},
    Column{"Repository", "REPOSITORY"},
    Column{"SharedSize", "SHARED SIZE"},
    Column{"Size", "SIZE"},
    Column{"Tag", "TAG"},
    Column{"UniqueSize", "UNIQUE SIZE"},
    Column{"VirtualSize", "VIRTUAL SIZE"},
};

constexpr std::string_view kPlain =
    "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
constexpr std::string_view kWithDigests =
    "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";

Result<void> images(const ImagesOptions& options, const Context& context) {
  IK_LET(filter, parse_image_filters(options.filters));
  if (!options.repository.empty()) filter.references.push_back(options.repository);
  IK_LET(store, open_store(context));
  IK_LET(rows, list_image_rows(store, filter, options.rows));
  const TableFormat table{.columns = kImagesColumns,
                          .default_format = options.rows.digests ? kWithDigests : kPlain};
  return print_rows(
      table, rows, options.quiet && options.format.empty() ? "{{.ID}}" : options.format);
}

}  // namespace

void add_images_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<ImagesOptions>();
  CLI::App* command = app.add_subcommand("images", "List images");
  command->add_option("repository", options->repository, "Only this REPOSITORY[:TAG]");
  command->add_flag("-a,--all", options->all, "All images; the same, as none are hidden");
  command->add_flag("-q,--quiet", options->quiet, "Only ids");
  command->add_flag("--no-trunc", options->rows.no_trunc, "Whole ids");
  command->add_flag("--digests", options->rows.digests, "Show digests");
  command
      ->add_option("-f,--filter",
                   options->filters,
                   "reference=PATTERN, dangling=true|false, label=KEY[=VALUE], before=IMAGE, "
                   "since=IMAGE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--format", options->format, "\"table\", \"json\" or a Go template");
  command->callback([options, &context] { context.finish(images(*options, context)); });
}

}  // namespace ikada
