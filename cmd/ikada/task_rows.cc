#include "cmd/ikada/task_rows.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "cmd/ikada/task_choice.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kShortId = 12;

std::string text_of(const Json& object, const char* member) {
  return object.contains(member) && object[member].is_string() ? object[member].get<std::string>()
                                                               : std::string();
}

// "0.0.0.0:32768->80/tcp, …".
std::string describe_bindings(const Json& task) {
  std::vector<std::string> ports;
  for (const Json& container : task["containers"]) {
    if (!container.contains("networkBindings")) continue;
    for (const Json& each : container["networkBindings"]) {
      ports.push_back(fmt::format("{}:{}->{}/{}",
                                  text_of(each, "bindIP"),
                                  each.value("hostPort", 0),
                                  each.value("containerPort", 0),
                                  text_of(each, "protocol")));
    }
  }
  return join(ports, ", ");
}

std::string describe_age(const Json& task, UnixNanos now) {
  constexpr double kNanosPerSecond = 1e9;
  if (!task.contains("createdAt") || !task["createdAt"].is_number()) return "";
  const double age_s = static_cast<double>(now) / kNanosPerSecond - task["createdAt"].get<double>();
  return format_duration_words(std::llround(std::max(0.0, age_s))) + " ago";
}

}  // namespace

Json task_row(const Json& task, bool truncate, UnixNanos now) {
  std::string id = id_of_arn(text_of(task, "taskArn"));
  std::string host = id_of_arn(text_of(task, "containerInstanceArn"));
  if (truncate) {
    id = id.substr(0, kShortId);
    host = host.substr(0, kShortId);
  }
  return {{"ID", id},
          {"TaskDefinition", name_of_definition(text_of(task, "taskDefinitionArn"))},
          {"Status", text_of(task, "lastStatus")},
          {"DesiredStatus", text_of(task, "desiredStatus")},
          {"Health", text_of(task, "healthStatus")},
          {"Host", host},
          {"Group", text_of(task, "group")},
          {"CreatedAgo", describe_age(task, now)},
          {"StopCode", text_of(task, "stopCode")},
          {"StoppedReason", text_of(task, "stoppedReason")},
          {"Ports", describe_bindings(task)}};
}

}  // namespace ikada
