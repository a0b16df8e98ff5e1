#include "cmd/ikada/task_choice.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "cluster/engine/container_names.h"
#include "cmd/ikada/open_engine.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kTaskIdDigits = 32;

bool may_be_abbreviated(const std::string& text) {
  return !text.empty() && text.size() < kTaskIdDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::string id_of_arn(const std::string& arn) { return arn.substr(arn.rfind('/') + 1); }

std::string name_of_definition(const std::string& arn) { return id_of_arn(arn); }

Result<std::string> find_task_id(const ApiClient& api,
                                 const std::string& cluster,
                                 const std::string& text) {
  if (text.empty()) return make_error(ErrorKind::kInvalid, "the task's id is empty");
  if (!may_be_abbreviated(text)) return text;
  std::vector<std::string> found;
  for (const char* status : {"RUNNING", "STOPPED"}) {
    IK_LET(arns,
           api.list("ListTasks", {{"cluster", cluster}, {"desiredStatus", status}}, "taskArns"));
    for (const Json& arn : arns) {
      std::string id = id_of_arn(arn.get<std::string>());
      if (id.starts_with(text)) found.push_back(std::move(id));
    }
  }
  if (found.empty()) return make_error(ErrorKind::kNotFound, "No such task: {}", text);
  if (found.size() == 1) return std::move(found[0]);
  return make_error(
      ErrorKind::kInvalid, "{} tasks have an id that begins with {}", found.size(), text);
}

Result<Json> find_task(const ApiClient& api, const std::string& cluster, const std::string& text) {
  IK_LET(id, find_task_id(api, cluster, text));
  IK_LET(answer,
         api.call("DescribeTasks", {{"cluster", cluster}, {"tasks", {id}}, {"include", {"TAGS"}}}));
  if (answer["tasks"].empty()) return make_error(ErrorKind::kNotFound, "No such task: {}", text);
  return std::move(answer["tasks"][0]);
}

Result<Json> choose_container(const Json& task, const std::string& name) {
  std::vector<std::string> names;
  for (const Json& each : task["containers"]) {
    names.push_back(each.value("name", ""));
    if (names.back() == name) return each;
  }
  if (!name.empty()) {
    return make_error(
        ErrorKind::kNotFound, "the task has no container {}; it has {}", name, join(names, ", "));
  }
  if (names.size() == 1) return task["containers"][0];
  return make_error(
      ErrorKind::kInvalid, "which container? --container with one of {}", join(names, ", "));
}

Result<ContainerPlace> find_task_container(const Context& context, const ContainerChoice& choice) {
  const ApiClient api(context);
  IK_LET(task, find_task(api, choice.cluster, choice.task));
  IK_LET(container, choose_container(task, choice.container));
  const std::string name = container.value("name", "");
  const std::string id = container.value("runtimeId", "");
  if (id.empty()) {
    return make_error(
        ErrorKind::kNotFound,
        "container {} was not started: the task is {}{}",
        name,
        task.value("lastStatus", ""),
        task.contains("stoppedReason") ? ": " + task["stoppedReason"].get<std::string>() : "");
  }
  return ContainerPlace{.id = id,
                        .instance = id_of_arn(task.value("containerInstanceArn", "")),
                        .is_here = find_container(engine_layout(context), id).has_value(),
                        .is_over = task.value("lastStatus", "") == "STOPPED"};
}

Error become_command(const Context& context, std::vector<std::string> words) {
  Result<std::string> self = own_program();
  if (!self.has_value()) return std::move(self.error());
  words.insert(words.begin(),
               {"ikada",
                "--root",
                context.root,
                "--run-root",
                context.run_root,
                "--config",
                context.config_path});
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& each : words) argv.push_back(each.data());
  argv.push_back(nullptr);
  ::execv(self->c_str(), argv.data());
  return errno_error("execute {}", *self);
}

}  // namespace ikada
