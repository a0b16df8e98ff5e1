#include <stdio.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/task_choice.h"

namespace ikada {
namespace {

struct TaskStopOptions {
  std::string cluster = "default";
  std::vector<std::string> tasks;
  std::string reason;
  bool force = false;
  bool wait = false;
};

Result<std::string> stop_one_task(const ApiClient& api,
                                  const TaskStopOptions& options,
                                  const std::string& text) {
  IK_LET(id, find_task_id(api, options.cluster, text));
  Json input = {{"cluster", options.cluster}, {"task", id}};
  if (!options.reason.empty()) input["reason"] = options.reason;
  if (options.force) input["force"] = true;
  IK_LET(answer, api.call("StopTask", input));
  return id;
}

Result<void> wait_for_end(const ApiClient& api, const std::string& cluster, const std::string& id) {
  constexpr std::chrono::milliseconds kLook{100};
  while (true) {
    IK_LET(task, find_task(api, cluster, id));
    if (task.value("lastStatus", "") == "STOPPED") return {};
    std::this_thread::sleep_for(kLook);
  }
}

void stop_tasks(const TaskStopOptions& options, Context& context) {
  const ApiClient api(context);
  std::vector<std::string> stopping;
  for (const std::string& text : options.tasks) {
    Result<std::string> id = stop_one_task(api, options, text);
    if (!id.has_value()) {
      context.finish(Result<void>(id.error()).context("{}", text));
      continue;
    }
    stopping.push_back(*id);
    if (!options.wait) ::printf("%s\n", text.c_str());
  }
  if (!options.wait) return;
  for (const std::string& id : stopping) {
    const Result<void> ended = wait_for_end(api, options.cluster, id);
    if (!ended.has_value()) return context.finish(ended);
    ::printf("%s\n", id.c_str());
    ::fflush(stdout);
  }
}

}  // namespace

void add_task_stop_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<TaskStopOptions>();
  CLI::App* command = group.add_subcommand("stop", "Stop tasks");
  command->add_option("task", options->tasks, "Ids, beginnings of ids, or ARNs")->required();
  command->add_option("--cluster", options->cluster, "Name of the cluster, default by default");
  command->add_flag("-f,--force", options->force, "Do not wait for a balancer's connections");
  command->add_option("-r,--reason", options->reason, "Why, as the tasks then say");
  command->add_flag("-w,--wait", options->wait, "Wait until they have stopped");
  command->callback([options, &context] { stop_tasks(*options, context); });
}

}  // namespace ikada
