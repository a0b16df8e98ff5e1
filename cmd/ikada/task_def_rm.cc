#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/api_client.h"
#include "cmd/ikada/commands.h"

namespace ikada {
namespace {

struct TaskDefRmOptions {
  std::vector<std::string> names;
  bool force = false;
};

Result<void> remove_definition(const ApiClient& api, const std::string& name, bool force) {
  if (force) {
    IK_TRY(Result<void>([&]() -> Result<void> {
      IK_LET(done, api.call("DeregisterTaskDefinition", {{"taskDefinition", name}}));
      return {};
    }()));
  }
  IK_LET(answer, api.call("DeleteTaskDefinitions", {{"taskDefinitions", {name}}}));
  if (answer["failures"].empty()) return {};
  return make_error(ErrorKind::kConflict, "{}", answer["failures"][0].value("reason", "refused"));
}

void remove_definitions(const TaskDefRmOptions& options, Context& context) {
  const ApiClient api(context);
  for (const std::string& name : options.names) {
    const Result<void> done = remove_definition(api, name, options.force);
    if (done.has_value()) {
      ::printf("%s\n", name.c_str());
    } else {
      context.finish(Result<void>(done).context("{}", name));
    }
  }
}

}  // namespace

void add_task_def_rm_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<TaskDefRmOptions>();
  CLI::App* command = group.add_subcommand("rm", "Delete task definitions that are deregistered");
  command->add_option("task-definition", options->names, "FAMILY:REVISION")->required();
  command->add_flag("-f,--force", options->force, "Deregister them first");
  command->callback([options, &context] { remove_definitions(*options, context); });
}

}  // namespace ikada
