#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/api_client.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/table.h"
#include "cmd/ikada/task_rows.h"

namespace ikada {
namespace {

struct TaskLsOptions {
  std::string cluster = "default";
  std::string family;
  std::string instance;
  bool all = false;
  bool quiet = false;
  bool no_trunc = false;
  std::string format;
};

constexpr std::array kTaskColumns = {
    Column{"ID", "TASK ID"},
    Column{"TaskDefinition", "TASK DEFINITION"},
    Column{"Status", "STATUS"},
    Column{"DesiredStatus", "DESIRED"},
    Column{"Health", "HEALTH"},
    Column{"Host", "INSTANCE"},
    Column{"Group", "GROUP"},
    Column{"CreatedAgo", "CREATED"},
    Column{"StopCode", "STOP CODE"},
    Column{"StoppedReason", "STOPPED REASON"},
    Column{"Ports", "PORTS"},
};

Result<Json> describe_all(const ApiClient& api, const std::string& cluster, const Json& arns) {
  constexpr size_t kAtOnce = 100;
  Json tasks = Json::array();
  for (size_t i = 0; i < arns.size(); i += kAtOnce) {
    Json some = Json::array();
    for (size_t j = i; j < std::min(i + kAtOnce, arns.size()); ++j) some.push_back(arns[j]);
    IK_LET(answer, api.call("DescribeTasks", {{"cluster", cluster}, {"tasks", some}}));
    for (Json& each : answer["tasks"]) tasks.push_back(std::move(each));
  }
  return tasks;
}

// The newest first.
void sort_tasks(Json& tasks) {
  std::sort(tasks.begin(), tasks.end(), [](const Json& one, const Json& other) {
    return one.value("createdAt", 0.0) > other.value("createdAt", 0.0);
  });
}

Result<void> list_tasks_of(const TaskLsOptions& options, const Context& context) {
  const ApiClient api(context);
  std::vector<const char*> statuses = {"RUNNING"};
  if (options.all) statuses.push_back("STOPPED");
  Json arns = Json::array();
  for (const char* status : statuses) {
    Json input = {{"cluster", options.cluster}, {"desiredStatus", status}};
    if (!options.family.empty()) input["family"] = options.family;
    if (!options.instance.empty()) input["containerInstance"] = options.instance;
    IK_LET(some, api.list("ListTasks", std::move(input), "taskArns"));
    for (Json& each : some) arns.push_back(std::move(each));
  }
  IK_LET(tasks, describe_all(api, options.cluster, arns));
  sort_tasks(tasks);
  std::vector<Json> rows;
  for (const Json& each : tasks) rows.push_back(task_row(each, !options.no_trunc, unix_now()));
  const std::string format = options.quiet && options.format.empty() ? "{{.ID}}" : options.format;
  return print_rows({kTaskColumns,
                     "table {{.ID}}\t{{.TaskDefinition}}\t{{.Status}}\t{{.Health}}\t{{.Host}}\t"
                     "{{.CreatedAgo}}\t{{.Ports}}"},
                    rows,
                    format);
}

}  // namespace

void add_task_ls_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<TaskLsOptions>();
  CLI::App* command = group.add_subcommand("ls", "List tasks");
  command->add_flag("-a,--all", options->all, "Also those that stop or have stopped");
  command->add_option("--cluster", options->cluster, "Name of the cluster, default by default");
  command->add_option("--family", options->family, "Only tasks of this family");
  command->add_option("--format", options->format, "json, table TEMPLATE, or a Go template");
  command->add_option("--instance", options->instance, "Only tasks of this container instance");
  command->add_flag("--no-trunc", options->no_trunc, "Do not shorten ids");
  command->add_flag("-q,--quiet", options->quiet, "Only ids");
  command->callback([options, &context] { context.finish(list_tasks_of(*options, context)); });
}

}  // namespace ikada
