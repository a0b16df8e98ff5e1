#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/context.h"
#include "cmd/ikada/manifest_change.h"
#include "cmd/ikada/push_commands.h"
#include "image/manifest_lists.h"
#include "image/registry_client.h"

namespace ikada {
namespace {

constexpr int kIndent = 3;

Result<std::string> fetch_text(const Reference& reference, const Context& context) {
  IK_LET(options, registry_options_for(reference.registry, context.config_path));
  IK_LET(client, RegistryClient::create(reference, std::move(options)));
  IK_LET(fetched,
         client->fetch_manifest(reference.digest.empty() ? reference.tag : reference.digest));
  return std::move(fetched.body);
}

Result<void> inspect(const std::string& name, const Context& context) {
  IK_LET(reference, parse_manifest_name(name));
  const Result<ManifestList> list = ManifestLists(context.root).load(reference);
  if (list.has_value()) {
    IK_LET(index, format_index(*list));
    ::printf("%s\n", index.text.c_str());
    return {};
  }
  if (list.error().kind != ErrorKind::kNotFound) return list.error();
  IK_LET(text, fetch_text(reference, context));
  IK_LET(json, parse_json(text).context("{}", name));
  ::printf("%s\n", json.dump(kIndent, ' ', false, Json::error_handler_t::replace).c_str());
  return {};
}

}  // namespace

void add_manifest_inspect_command(CLI::App& group, Context& context) {
  auto name = std::make_shared<std::string>();
  CLI::App* command =
      group.add_subcommand("inspect", "Show a list of this host, or a registry's manifest");
  command->add_option("name", *name, "NAME[:TAG|@DIGEST]")->required();
  command->callback([name, &context] { context.finish(inspect(*name, context)); });
}

}  // namespace ikada
