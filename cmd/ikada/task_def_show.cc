#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/api_client.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/print_objects.h"

namespace ikada {
namespace {

struct TaskDefShowOptions {
  std::vector<std::string> names;
  std::string format;
};

Result<Json> find_definition(const ApiClient& api, const std::string& name) {
  Result<Json> answer =
      api.call("DescribeTaskDefinition", {{"taskDefinition", name}, {"include", {"TAGS"}}});
  if (!answer.has_value() && answer.error().code == "ClientException") {
    return make_error(ErrorKind::kNotFound, "No such task definition: {}", name);
  }
  if (!answer.has_value()) return answer;
  Json definition = std::move((*answer)["taskDefinition"]);
  if (answer->contains("tags")) definition["tags"] = std::move((*answer)["tags"]);
  return definition;
}

void show_definitions(const TaskDefShowOptions& options, Context& context) {
  const ApiClient api(context);
  print_objects(
      options.names,
      options.format,
      [&api](const std::string& name) { return find_definition(api, name); },
      context);
}

}  // namespace

void add_task_def_show_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<TaskDefShowOptions>();
  CLI::App* command = group.add_subcommand("show", "Show everything about task definitions");
  command->add_option("task-definition", options->names, "FAMILY, its newest, or FAMILY:REVISION")
      ->required();
  command->add_option("--format", options->format, "json or a Go template");
  command->callback([options, &context] { show_definitions(*options, context); });
}

}  // namespace ikada
