#include <stdio.h>

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/json_or_yaml.h"
#include "cmd/ikada/task_choice.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

struct TaskExplainOptions {
  std::string cluster = "default";
  std::string name;
  std::string file;
  bool json = false;
};

bool is_task_name(const std::string& name) {
  return name.find(":task/") != std::string::npos ||
         (name.size() >= 6 && name.find_first_not_of("0123456789abcdef") == std::string::npos);
}

// The same question as when the task was run.
Json question_of(const Json& task) {
  Json input = {{"cluster", task["clusterArn"]},
                {"taskDefinition", task["taskDefinitionArn"]},
                {"group", task.value("group", "")},
                {"overrides", task.value("overrides", Json::object())}};
  if (input["group"].get<std::string>().starts_with("service:")) input.erase("group");
  return input;
}

void print_task(const Json& task) {
  ::printf("task %s of %s is %s on %s\n",
           id_of_arn(task.value("taskArn", "")).c_str(),
           name_of_definition(task.value("taskDefinitionArn", "")).c_str(),
           task.value("lastStatus", "").c_str(),
           id_of_arn(task.value("containerInstanceArn", "no container instance")).c_str());
  if (task.contains("stoppedReason")) {
    ::printf("  %s: %s\n",
             task.value("stopCode", "stopped").c_str(),
             printable(task.value("stoppedReason", "")).c_str());
  }
  for (const Json& each : task["containers"]) {
    const std::string status = each.value("lastStatus", "");
    std::string line = fmt::format("  container {} is {}", each.value("name", ""), status);
    if (each.contains("exitCode")) line += fmt::format(", exit code {}", each.value("exitCode", 0));
    if (each.contains("reason")) line += ": " + each.value("reason", "");
    ::printf("%s\n", line.c_str());
  }
}

void print_verdicts(const Json& verdicts) {
  if (verdicts.empty()) ::printf("the cluster has no container instances\n");
  for (const Json& each : verdicts) {
    const std::string host = id_of_arn(each.value("containerInstanceArn", ""));
    const Json objections = each.value("objections", Json::array());
    ::printf("%s: %s\n", host.c_str(), objections.empty() ? "takes it" : "does not take it");
    for (const Json& objection : objections) {
      const std::string detail = objection.value("detail", "");
      ::printf("  %s%s%s\n",
               objection.value("reason", "").c_str(),
               detail.empty() ? "" : ": ",
               detail.c_str());
    }
  }
}

Result<void> explain_task(const TaskExplainOptions& options, const Context& context) {
  const ApiClient api(context);
  Json input = {{"cluster", options.cluster}, {"taskDefinition", options.name}};
  Json task;
  if (!options.file.empty()) {
    IK_LET(read, load_json_or_yaml(options.file));
    input.update(read);
    if (!options.name.empty()) input["taskDefinition"] = options.name;
  } else if (is_task_name(options.name)) {
    IK_LET(found, find_task(api, options.cluster, options.name));
    task = std::move(found);
    input = question_of(task);
  }
  IK_LET(answer, api.call("ExplainTask", input));
  if (options.json) {
    if (!task.is_null()) answer["task"] = std::move(task);
    ::printf("%s\n", answer.dump(4, ' ', false, Json::error_handler_t::replace).c_str());
    return {};
  }
  if (!task.is_null()) {
    print_task(task);
    ::printf("where such a task could run now:\n");
  }
  print_verdicts(answer["containerInstances"]);
  return {};
}

}  // namespace

void add_task_explain_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<TaskExplainOptions>();
  CLI::App* command = group.add_subcommand(
      "explain", "Say for each container instance why a task cannot run there");
  command->add_option("name", options->name, "A task's id, or FAMILY[:REVISION]");
  command->add_option("--cluster", options->cluster, "Name of the cluster, default by default");
  command->add_option("-f,--file", options->file, "RunTask's input as JSON or YAML; - is stdin");
  command->add_flag("--json", options->json, "Print the API's answer");
  command->callback([options, &context] {
    if (options->name.empty() && options->file.empty()) {
      constexpr int kNothingAsked = 2;
      return context.finish(
          make_error(ErrorKind::kInvalid, "explain what? a task, FAMILY[:REVISION], or --file"),
          kNothingAsked);
    }
    context.finish(explain_task(*options, context));
  });
}

}  // namespace ikada
