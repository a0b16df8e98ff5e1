#include "cluster/api/elb/rule_order.h"

#include <algorithm>

#include "cluster/model/ecs_error.h"

namespace ikada::elb {

Result<void> order_rules(Listener& listener) {
  constexpr std::int32_t kLastPriority = 50'000;
  std::vector<ListenerRule>& rules = listener.rules;
  std::sort(rules.begin(), rules.end(), [](const ListenerRule& a, const ListenerRule& b) {
    return a.priority < b.priority;
  });
  for (size_t i = 0; i < rules.size(); ++i) {
    const std::int32_t priority = rules[i].priority;
    if (priority < 1 || priority > kLastPriority) {
      return ecs_error(
          "ValidationError", "Priority '{}' must be between 1 and {}", priority, kLastPriority);
    }
    if (i > 0 && rules[i - 1].priority == priority) {
      return ecs_error("PriorityInUse", "Priority '{}' is currently in use", priority);
    }
  }
  return {};
}

}  // namespace ikada::elb
