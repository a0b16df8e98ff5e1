#include "cluster/scheduler/ranking.h"

namespace ikada::scheduler {

Ranking::Ranking(const std::vector<Strategy>& strategies) {
  for (const Strategy& strategy : strategies) {
    if (strategy.kind == StrategyKind::kRandom) break;
    const bool is_domain = strategy.kind == StrategyKind::kSpreadAttribute;
    if (is_domain && leading_domains_ < strategies_.size()) has_late_domains_ = true;
    if (is_domain && leading_domains_ == strategies_.size()) ++leading_domains_;
    strategies_.push_back(strategy);
  }
}

}  // namespace ikada::scheduler
