#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/stored_logs.h"
#include "cmd/ikada/task_choice.h"
#include "cmd/ikada/task_stream.h"

namespace ikada {
namespace {

struct TaskLogsOptions {
  ContainerChoice choice;
  bool follow = false;
  bool timestamps = false;
  std::string since;
  std::string until;
  std::string tail;
};

// Of a task whose containers have gone, or are out of reach.
Result<bool> show_stored(const TaskLogsOptions& options, const Context& context) {
  return print_stored_logs(context,
                           {.task = id_of_arn(options.choice.task),
                            .container = options.choice.container,
                            .since = options.since,
                            .until = options.until,
                            .tail = options.tail,
                            .timestamps = options.timestamps});
}

Result<int> show_task_logs(const TaskLogsOptions& options, const Context& context) {
  Result<ContainerPlace> found = find_task_container(context, options.choice);
  if (!found.has_value() && found.error().kind == ErrorKind::kNotFound) {
    IK_LET(is_stored, show_stored(options, context));
    if (is_stored) return 0;
  }
  if (!found.has_value()) return found.error();
  const ContainerPlace& place = *found;
  if (place.is_over && !place.is_here) {
    IK_LET(is_stored, show_stored(options, context));
    if (is_stored) return 0;
  }
  std::vector<std::string> words = {"logs"};
  if (options.follow) words.emplace_back("--follow");
  if (options.timestamps) words.emplace_back("--timestamps");
  if (!options.since.empty()) words.insert(words.end(), {"--since", options.since});
  if (!options.until.empty()) words.insert(words.end(), {"--until", options.until});
  if (!options.tail.empty()) words.insert(words.end(), {"--tail", options.tail});
  words.push_back(place.id);
  if (place.is_here) return become_command(context, std::move(words));
  return run_on_instance(context, {.instance = place.instance, .words = std::move(words)});
}

}  // namespace

void add_task_logs_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<TaskLogsOptions>();
  CLI::App* command = group.add_subcommand("logs", "Show what a task's container has written");
  command->add_option("task", options->choice.task, "Id, beginning of an id, or ARN")->required();
  command->add_option(
      "--cluster", options->choice.cluster, "Name of the cluster, default by default");
  command->add_option("-c,--container", options->choice.container, "Which one, if it has several");
  command->add_flag("-f,--follow", options->follow, "Go on until the container has ended");
  command->add_option("--since", options->since, "Only lines from a time on, as ikada logs");
  command->add_option("-n,--tail", options->tail, "Only so many lines from the end");
  command->add_flag("-t,--timestamps", options->timestamps, "Show when each line was written");
  command->add_option("--until", options->until, "Only lines before a time, as ikada logs");
  command->callback([options, &context] {
    const Result<int> status = show_task_logs(*options, context);
    if (status.has_value()) return context.finish_with(*status);
    context.finish(status.error());
  });
}

}  // namespace ikada
