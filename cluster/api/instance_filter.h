// The filter of ListContainerInstances: an expression of the cluster query language.
#pragma once

#include <optional>
#include <string>

#include "cluster/scheduler/query.h"
#include "cluster/state/state.h"

namespace ikada {

class InstanceFilter {
 public:
  // "" selects every instance. InvalidParameterException for what is no expression.
  static Result<InstanceFilter> parse(const std::string& text);

  bool selects(const InstanceState& instance, const ClusterState& cluster) const;

 private:
  std::optional<scheduler::Query> query_;
};

}  // namespace ikada
