#include <stdio.h>

#include <memory>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/open_store.h"
#include "image/store_policy.h"

namespace ikada {
namespace {

Result<void> image_gc(const Context& context) {
  IK_LET(policy, load_image_policy(context.config_path));
  IK_LET(store, open_store(context));
  IK_LET(removed, apply_image_policy(store, policy, unix_now()));
  for (const std::string& name : removed.untagged) ::printf("Untagged: %s\n", name.c_str());
  for (const std::string& digest : removed.deleted) ::printf("Deleted: %s\n", digest.c_str());
  return {};
}

}  // namespace

void add_image_gc_command(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("gc", "Remove the images that the configuration lets go");
  command->callback([&context] { context.finish(image_gc(context)); });
}

}  // namespace ikada
