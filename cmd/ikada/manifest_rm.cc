#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/context.h"
#include "cmd/ikada/manifest_change.h"
#include "cmd/ikada/push_commands.h"
#include "image/manifest_lists.h"

namespace ikada {
namespace {

Result<void> remove(const std::string& name, const Context& context) {
  IK_LET(reference, parse_manifest_name(name));
  return ManifestLists(context.root).remove(reference);
}

}  // namespace

void add_manifest_rm_command(CLI::App& group, Context& context) {
  auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* command = group.add_subcommand("rm", "Remove lists from this host");
  command->add_option("list", *names, "NAME[:TAG] of the lists")->required();
  command->callback([names, &context] {
    for (const std::string& name : *names) context.finish(remove(name, context));
  });
}

}  // namespace ikada
