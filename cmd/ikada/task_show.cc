#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/print_objects.h"
#include "cmd/ikada/task_choice.h"

namespace ikada {
namespace {

struct TaskShowOptions {
  std::string cluster = "default";
  std::vector<std::string> tasks;
  std::string format;
};

void show_some_tasks(const TaskShowOptions& options, Context& context) {
  const ApiClient api(context);
  print_objects(
      options.tasks,
      options.format,
      [&](const std::string& text) { return find_task(api, options.cluster, text); },
      context);
}

}  // namespace

void add_task_show_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<TaskShowOptions>();
  CLI::App* command = group.add_subcommand("show", "Show everything about tasks");
  command->add_option("task", options->tasks, "Ids, beginnings of ids, or ARNs")->required();
  command->add_option("--cluster", options->cluster, "Name of the cluster, default by default");
  command->add_option("--format", options->format, "json or a Go template");
  command->callback([options, &context] { show_some_tasks(*options, context); });
}

}  // namespace ikada
