#include "cmd/ikada/apply_steps.h"

#include <algorithm>
#include <optional>

namespace ikada {
namespace {

constexpr int kMostPlans = 10;

struct FailedStep {
  const ApplyStep* step = nullptr;
  Error error = {};
};

std::optional<FailedStep> run_until_failure(const ApplySteps& steps) {
  for (const ApplyStep& each : steps) {
    if (!each.run) continue;
    Result<void> done = each.run().context("{}", each.thing);
    if (!done.has_value()) return FailedStep{.step = &each, .error = std::move(done.error())};
  }
  return std::nullopt;
}

bool is_still_to_do(const ApplySteps& steps, const ApplyStep& failed) {
  return std::any_of(steps.begin(), steps.end(), [&](const ApplyStep& each) {
    return each.run && each.sign == failed.sign && each.thing == failed.thing;
  });
}

}  // namespace

Result<void> carry_out(ApplySteps steps, const PlanAgain& plan_again) {
  for (int plans = 1;; ++plans) {
    std::optional<FailedStep> failed = run_until_failure(steps);
    if (!failed.has_value()) return {};
    if (plans == kMostPlans) return std::move(failed->error);
    Result<ApplySteps> next = plan_again();
    if (!next.has_value() || is_still_to_do(*next, *failed->step)) return std::move(failed->error);
    steps = std::move(*next);
  }
}

}  // namespace ikada
