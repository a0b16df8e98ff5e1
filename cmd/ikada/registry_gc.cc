#include <stdio.h>
#include <time.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "image/registry/config.h"
#include "image/registry/garbage.h"
#include "image/registry/settings.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

struct GcOptions {
  std::string root;
  std::string config_path;
  std::string grace;
  std::string untagged;
};

Result<registry::GarbageOptions> garbage_options(const GcOptions& options,
                                                 const registry::RegistryConfig& config) {
  registry::GarbageOptions garbage = config.garbage;
  if (!options.grace.empty()) {
    IK_LET(grace, registry::parse_duration(options.grace).context("--grace"));
    garbage.grace_s = grace.count();
  }
  if (!options.untagged.empty()) {
    IK_LET(age, registry::parse_duration(options.untagged).context("--untagged"));
    garbage.untagged_age_s = age.count();
  }
  return garbage;
}

Result<void> collect(const GcOptions& options, const Context& context) {
  const bool is_named = !options.config_path.empty();
  IK_LET(settings,
         registry::load_settings(
             {.config_path = is_named ? options.config_path
                                      : std::string(registry::kDefaultRegistryConfigPath),
              .must_exist = is_named,
              .address = {},
              .root = options.root,
              .default_root = context.root + "/registry"}));
  IK_LET(garbage, garbage_options(options, settings->config));
  IK_LET(layout, registry::Layout::open(settings->config.root));
  IK_LET(report, registry::collect_garbage(layout, garbage, ::time(nullptr)));
  ::printf("Removed: %lu uploads, %lu manifests, %lu links, %lu repositories, %lu blobs\n",
           report.uploads,
           report.manifests,
           report.links,
           report.repositories,
           report.blobs);
  ::printf("Total reclaimed space: %s\n", format_decimal_size(report.bytes).c_str());
  return {};
}

}  // namespace

void add_registry_gc_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<GcOptions>();
  CLI::App* command = group.add_subcommand("gc", "Remove what no image needs");
  command->add_option("--root", options->root, "Directory of the registry's blobs");
  command->add_option("--config", options->config_path, "The registry's configuration file");
  command->add_option("--grace", options->grace, "Keep what is younger, e.g. 1h");
  command->add_option(
      "--untagged", options->untagged, "Remove manifests without a tag at this age, e.g. 30d");
  command->callback([options, &context] { context.finish(collect(*options, context)); });
}

}  // namespace ikada
