#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/api_client.h"
#include "cmd/ikada/commands.h"

namespace ikada {
namespace {

void deregister_definitions(const std::vector<std::string>& names, Context& context) {
  const ApiClient api(context);
  for (const std::string& name : names) {
    const Result<Json> done = api.call("DeregisterTaskDefinition", {{"taskDefinition", name}});
    if (done.has_value()) {
      ::printf("%s\n", name.c_str());
    } else {
      context.finish(Result<void>(done.error()).context("{}", name));
    }
  }
}

}  // namespace

void add_task_def_deregister_command(CLI::App& group, Context& context) {
  auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* command = group.add_subcommand("deregister", "Let no more tasks run from a definition");
  command->add_option("task-definition", *names, "FAMILY:REVISION")->required();
  command->callback([names, &context] { deregister_definitions(*names, context); });
}

}  // namespace ikada
