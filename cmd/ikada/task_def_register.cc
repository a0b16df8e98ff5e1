#include <stdio.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/json_or_yaml.h"
#include "cmd/ikada/task_choice.h"

namespace ikada {
namespace {

struct TaskDefRegisterOptions {
  std::string file;
  std::string family;
};

Result<void> register_definition(const TaskDefRegisterOptions& options, const Context& context) {
  IK_LET(input, load_json_or_yaml(options.file));
  // What `task-def show` or `aws ecs describe-task-definition` has printed will do, too.
  if (input.contains("taskDefinition") && input["taskDefinition"].is_object()) {
    Json inner = std::move(input["taskDefinition"]);
    if (input.contains("tags")) inner["tags"] = std::move(input["tags"]);
    input = std::move(inner);
  }
  if (!options.family.empty()) input["family"] = options.family;
  IK_LET(answer, ApiClient(context).call("RegisterTaskDefinition", input));
  const std::string arn = answer["taskDefinition"].value("taskDefinitionArn", "");
  ::printf("%s\n", name_of_definition(arn).c_str());
  return {};
}

}  // namespace

void add_task_def_register_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<TaskDefRegisterOptions>();
  CLI::App* command =
      group.add_subcommand("register", "Make a task definition, or its next revision");
  command->add_option("-f,--file", options->file, "JSON or YAML; - is stdin")->required();
  command->add_option("--family", options->family, "Name, instead of the file's family");
  command->callback(
      [options, &context] { context.finish(register_definition(*options, context)); });
}

}  // namespace ikada
