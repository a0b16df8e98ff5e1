#include <algorithm>
#include <utility>

#include "cluster/agent/task_error.h"
#include "cluster/agent/task_plan.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 20;

// The last value of a name counts, at the place of the first.
void put(std::vector<std::string>& environment, const std::string& name, std::string_view value) {
  std::string assignment = fmt::format("{}={}", name, value);
  for (std::string& each : environment) {
    if (!each.starts_with(name + "=")) continue;
    each = std::move(assignment);
    return;
  }
  environment.push_back(std::move(assignment));
}

bool has(const std::vector<std::string>& environment, const std::string& name) {
  return std::any_of(environment.begin(), environment.end(), [&](const std::string& each) {
    return each.starts_with(name + "=");
  });
}

// NAME=VALUE lines, '#' in front of a remark; nothing is quoted or expanded. The first value of a
// name counts.
Result<void> add_file(const std::string& text, std::vector<std::string>& environment) {
  if (text.size() > kMaxFileBytes) {
    return cannot_initialize("an environment file has more than {} bytes", kMaxFileBytes);
  }
  for (const std::string_view line : split(text, '\n')) {
    const std::string_view content = trim(line);
    if (content.empty() || content[0] == '#') continue;
    const Cut parts = cut(content, '=');
    if (!parts.found || parts.before.empty()) {
      return cannot_initialize("an environment file has a line that is no NAME=VALUE");
    }
    const std::string name(parts.before);
    if (!has(environment, name)) put(environment, name, parts.after);
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> plan_task_environment(const ContainerDefinition& container,
                                                       const FetchedEnvironment& fetched) {
  std::vector<std::string> environment;
  for (const std::string& text : fetched.files) IK_TRY(add_file(text, environment));
  for (const KeyValuePair& pair : container.environment) {
    put(environment, pair.name, pair.value.value_or(""));
  }
  for (const auto& [name, value] : fetched.secrets) {
    put(environment, name, value);
  }
  for (const auto& [name, value] : fetched.agent) put(environment, name, value);
  return environment;
}

}  // namespace ikada
