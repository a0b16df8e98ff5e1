#include <stdio.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/json_or_yaml.h"
#include "cmd/ikada/task_choice.h"

namespace ikada {
namespace {

struct TaskRunOptions {
  std::string definition;
  std::string file;
  std::string cluster;
  std::string group;
  std::string started_by;
  std::vector<std::string> instances;
  int count = 0;
  bool wait = false;
};

Result<Json> plan_task_run(const TaskRunOptions& options) {
  Json input = Json::object();
  if (!options.file.empty()) {
    IK_LET(read, load_json_or_yaml(options.file));
    input = std::move(read);
  }
  const auto put = [&](const char* member, const std::string& value) {
    if (!value.empty()) input[member] = value;
  };
  put("taskDefinition", options.definition);
  put("cluster", options.cluster);
  put("group", options.group);
  put("startedBy", options.started_by);
  if (options.count > 0) input["count"] = options.count;
  if (!options.instances.empty()) input["containerInstances"] = options.instances;
  if (input.contains("taskDefinition")) return input;
  return make_error(ErrorKind::kInvalid, "which task definition? FAMILY[:REVISION] or --file");
}

// True once none of the tasks is on its way up; prints what ended instead.
Result<bool> have_arrived(const ApiClient& api, const Json& input, const Json& arns, bool& failed) {
  Json query = {{"tasks", arns}};
  if (input.contains("cluster")) query["cluster"] = input["cluster"];
  IK_LET(answer, api.call("DescribeTasks", query));
  failed = false;
  for (const Json& task : answer["tasks"]) {
    const std::string status = task.value("lastStatus", "");
    if (status != "RUNNING" && status != "STOPPED") return false;
    if (status == "STOPPED" && task.value("stopCode", "") == "TaskFailedToStart") failed = true;
  }
  for (const Json& task : answer["tasks"]) {
    if (task.value("stopCode", "") != "TaskFailedToStart") continue;
    ::fprintf(stderr,
              "task %s: %s\n",
              id_of_arn(task.value("taskArn", "")).c_str(),
              printable(task.value("stoppedReason", "")).c_str());
  }
  return true;
}

Result<void> run_tasks(const TaskRunOptions& options, Context& context) {
  constexpr std::chrono::milliseconds kLook{100};
  const ApiClient api(context);
  IK_LET(input, plan_task_run(options));
  const bool is_placed = input.contains("containerInstances");
  IK_LET(answer, api.call(is_placed ? "StartTask" : "RunTask", input));
  Json arns = Json::array();
  for (const Json& task : answer["tasks"]) {
    arns.push_back(task["taskArn"]);
    ::printf("%s\n", id_of_arn(task.value("taskArn", "")).c_str());
  }
  ::fflush(stdout);
  for (const Json& each : answer["failures"]) {
    ::fprintf(stderr,
              "container instance %s: %s%s%s\n",
              id_of_arn(each.value("arn", "")).c_str(),
              each.value("reason", "").c_str(),
              each.contains("detail") ? ": " : "",
              printable(each.value("detail", "")).c_str());
  }
  bool failed = !answer["failures"].empty();
  if (options.wait && !arns.empty()) {
    bool failed_to_start = false;
    while (true) {
      IK_LET(arrived, have_arrived(api, input, arns, failed_to_start));
      if (arrived) break;
      std::this_thread::sleep_for(kLook);
    }
    failed = failed || failed_to_start;
  }
  if (failed) context.finish_with(1);
  return {};
}

}  // namespace

void add_task_run_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<TaskRunOptions>();
  CLI::App* command = group.add_subcommand("run", "Run tasks of a task definition");
  command->add_option("task-definition", options->definition, "FAMILY or FAMILY:REVISION");
  command->add_option("-f,--file",
                      options->file,
                      "RunTask's input as JSON or YAML, - is stdin; options go before it");
  command->add_option("--cluster", options->cluster, "Name of the cluster, default by default");
  command->add_option("-n,--count", options->count, "How many, 1 to 10")->check(CLI::Range(1, 10));
  command->add_option("--group", options->group, "Group for placement, family:FAMILY by default");
  command
      ->add_option(
          "--instance", options->instances, "Container instance to run it on, as StartTask")
      ->allow_extra_args(false);
  command->add_option("--started-by", options->started_by, "A note of who started it");
  command->add_flag("-w,--wait", options->wait, "Wait until they run or have ended");
  command->callback([options, &context] { context.finish(run_tasks(*options, context)); });
}

}  // namespace ikada
