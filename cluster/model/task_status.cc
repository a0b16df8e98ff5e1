#include "cluster/model/task_status.h"

#include <algorithm>
#include <array>

namespace ikada {
namespace {

constexpr std::array<std::string_view, 8> kWords = {"PROVISIONING",
                                                    "PENDING",
                                                    "ACTIVATING",
                                                    "RUNNING",
                                                    "DEACTIVATING",
                                                    "STOPPING",
                                                    "DEPROVISIONING",
                                                    "STOPPED"};

}  // namespace

std::string_view to_text(TaskStatus status) { return kWords[static_cast<size_t>(status)]; }

std::optional<TaskStatus> parse_task_status(std::string_view text) {
  const auto found = std::find(kWords.begin(), kWords.end(), text);
  if (found == kWords.end()) return std::nullopt;
  return static_cast<TaskStatus>(found - kWords.begin());
}

}  // namespace ikada
