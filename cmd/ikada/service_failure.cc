#include "cmd/ikada/service_failure.h"

#include <fmt/core.h>

namespace ikada {
namespace {

constexpr size_t kShownIdLength = 12;
// What one call of DescribeTasks takes.
constexpr size_t kDescribed = 100;

bool has_failed(const Json& task) {
  const std::string code = task.value("stopCode", "");
  if (code == "TaskFailedToStart" || code == "EssentialContainerExited") return true;
  return task.value("stoppedReason", "").starts_with("Task failed ");
}

// What the first container says that has something to say; empty if none has.
std::string describe_containers(const Json& containers) {
  for (const Json& each : containers) {
    const std::string name = each.value("name", "");
    if (each.contains("reason"))
      return fmt::format("container {}: {}", name, each.value("reason", ""));
    const std::int64_t exit_code = each.value("exitCode", std::int64_t{0});
    if (exit_code != 0) return fmt::format("container {}: exit code {}", name, exit_code);
  }
  return "";
}

}  // namespace

const Json* find_last_failed(const Json& tasks) {
  const Json* last = nullptr;
  for (const Json& each : tasks) {
    if (!has_failed(each)) continue;
    if (last == nullptr || each.value("stoppedAt", 0.0) > last->value("stoppedAt", 0.0)) {
      last = &each;
    }
  }
  return last;
}

std::string describe_failure(const Json& task) {
  const std::string arn = task.value("taskArn", "");
  const std::string reason = task.value("stoppedReason", "");
  std::string text =
      fmt::format("task {}: {}", arn.substr(arn.rfind('/') + 1, kShownIdLength), reason);
  const std::string more = describe_containers(task.value("containers", Json::array()));
  const bool is_said = !reason.empty() && more.ends_with(reason);
  if (!more.empty() && !is_said) text += fmt::format(": {}", more);
  return text;
}

Result<std::string> find_failure(const ApiClient& api,
                                 const ServiceChoice& choice,
                                 const std::string& deployment) {
  IK_LET(listed,
         api.call("ListTasks",
                  {{"cluster", choice.cluster},
                   {"startedBy", deployment},
                   {"desiredStatus", "STOPPED"},
                   {"maxResults", kDescribed}}));
  if (listed["taskArns"].empty()) return std::string();
  IK_LET(answer,
         api.call("DescribeTasks", {{"cluster", choice.cluster}, {"tasks", listed["taskArns"]}}));
  const Json* failed = find_last_failed(answer["tasks"]);
  return failed == nullptr ? std::string() : describe_failure(*failed);
}

}  // namespace ikada
