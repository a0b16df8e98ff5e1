#include <algorithm>
#include <iterator>

#include "cluster/api/cloudwatch/metric_actions.h"

namespace ikada::cloudwatch {
namespace {

constexpr ActionEntry kMetricActions[] = {
    {"GetMetricData", get_metric_data},
    {"GetMetricStatistics", get_metric_statistics},
    {"ListMetrics", list_metrics},
};

}  // namespace

const ActionEntry* find_action(std::string_view name) {
  const auto* const found = std::find_if(
      std::begin(kMetricActions), std::end(kMetricActions), [&](const ActionEntry& each) {
        return each.name == name;
      });
  return found == std::end(kMetricActions) ? nullptr : found;
}

}  // namespace ikada::cloudwatch
