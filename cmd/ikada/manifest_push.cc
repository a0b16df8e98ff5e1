#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/context.h"
#include "cmd/ikada/manifest_change.h"
#include "cmd/ikada/open_store.h"
#include "cmd/ikada/push_commands.h"
#include "image/manifest_list_push.h"
#include "image/manifest_lists.h"

namespace ikada {
namespace {

struct ManifestPushOptions {
  std::string list;
  std::string destination;
  bool purge = false;
  bool quiet = false;
};

Result<void> push(const ManifestPushOptions& options, const Context& context) {
  IK_LET(name, parse_manifest_name(options.list));
  IK_LET(target,
         parse_manifest_name(options.destination.empty() ? options.list : options.destination));
  if (!target.digest.empty()) {
    return make_error(ErrorKind::kInvalid, "cannot push a digest reference");
  }
  const ManifestLists lists(context.root);
  IK_LET(list, lists.load(name));
  IK_LET(store, open_store(context));
  IK_LET(digest, push_manifest_list(store, list, target, [&](const std::string& registry) {
           return registry_options_for(registry, context.config_path);
         }));
  if (!options.quiet) ::printf("%s\n", digest.c_str());
  return options.purge ? lists.remove(name) : Result<void>();
}

}  // namespace

void add_manifest_push_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ManifestPushOptions>();
  CLI::App* command = group.add_subcommand("push", "Send a list and its images to a registry");
  command->add_option("list", options->list, "NAME[:TAG] of the list")->required();
  command->add_option("destination", options->destination, "NAME[:TAG] there; the list's if none");
  command->add_flag("-p,--purge,--rm", options->purge, "Remove the list here when it is sent");
  command->add_flag("-q,--quiet", options->quiet, "Do not print the digest");
  command->callback([options, &context] { context.finish(push(*options, context)); });
}

}  // namespace ikada
