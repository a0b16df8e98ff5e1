#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/api_client.h"
#include "cmd/ikada/commands.h"

namespace ikada {
namespace {

Result<void> remove_secret(const ApiClient& api, const std::string& name) {
  IK_TRY(api.call("DeleteSecret", {{"name", name}}));
  ::printf("%s\n", name.c_str());
  return {};
}

}  // namespace

void add_secret_rm_command(CLI::App& group, Context& context) {
  auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* command = group.add_subcommand("rm", "Remove secrets");
  command->add_option("secret", *names, "Their names")->required();
  command->callback([names, &context] {
    const ApiClient api(context);
    for (const std::string& each : *names) context.finish(remove_secret(api, each));
  });
}

}  // namespace ikada
