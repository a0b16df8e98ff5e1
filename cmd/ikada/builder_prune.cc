#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/open_store.h"
#include "cmd/ikada/terminal_prompt.h"
#include "image/build_cache.h"
#include "image/dockerfile/instruction.h"
#include "image/store_garbage.h"

namespace ikada {
namespace {

struct BuilderPruneOptions {
  std::string filter;
  bool all = false;
  bool force = false;
};

// "until=24h".
Result<std::int64_t> parse_until(const std::string& filter) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  if (filter.empty()) return 0;
  if (!filter.starts_with("until=")) {
    return make_error(ErrorKind::kInvalid, "invalid filter '{}': expected until=DURATION", filter);
  }
  IK_LET(duration, parse_go_duration(filter.substr(6)).context("--filter until"));
  return duration / kSecond;
}

Result<void> prune(const BuilderPruneOptions& options, const Context& context) {
  IK_LET(unused_s, parse_until(options.filter));
  IK_LET(store, open_store(context));
  if (!options.force) {
    ::fprintf(stderr, "WARNING! This will remove the build cache.\n");
    IK_LET(answer, prompt_line("Are you sure you want to continue? [y/N] "));
    if (answer != "y" && answer != "Y") return {};
  }
  IK_LET(removed, prune_build_cache(store.root(), {.unused_s = unused_s, .mounts = options.all}));
  IK_TRY(store.collect_unneeded().map([](auto&&) {}));
  ::printf("Removed %zu entries of the build cache\n", removed.size());
  return {};
}

}  // namespace

void add_builder_prune_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<BuilderPruneOptions>();
  CLI::App* command = app.add_subcommand("prune", "Remove what builds keep for the next build");
  command->add_flag("-a,--all", options->all, "Also the cache mounts of RUN steps");
  command->add_flag("-f,--force", options->force, "Do not ask");
  command->add_option(
      "--filter", options->filter, "until=DURATION: only what was not used so long");
  command->callback([options, &context] { context.finish(prune(*options, context)); });
}

}  // namespace ikada
