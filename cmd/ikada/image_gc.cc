#include <stdio.h>

#include <memory>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/open_store.h"
#include "image/store_policy.h"
#include "image/store_space.h"

namespace ikada {
namespace {

// What a timer's journal should have.
Result<void> warn_of_too_little_room(const ImageStore& store, const ImagePolicy& policy) {
  IK_LET(floor, floor_bytes(store, policy));
  if (check_room(store, 0, floor).has_value()) return {};
  IK_LET(busy, store.is_busy());
  ::fprintf(stderr,
            "ikada image gc: less than min_free is free: %s, ignoring\n",
            busy ? "a pull or a build keeps all images in place"
                 : "no image is left that no container has");
  return {};
}

Result<void> image_gc(const Context& context) {
  IK_LET(policy, load_image_policy(context.config_path));
  IK_LET(store, open_store(context));
  IK_LET(removed, apply_image_policy(store, policy, unix_now()));
  for (const std::string& name : removed.untagged) ::printf("Untagged: %s\n", name.c_str());
  for (const std::string& digest : removed.deleted) ::printf("Deleted: %s\n", digest.c_str());
  return warn_of_too_little_room(store, policy);
}

}  // namespace

void add_image_gc_command(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("gc", "Remove the images that the configuration lets go");
  command->callback([&context] { context.finish(image_gc(context)); });
}

}  // namespace ikada
