// Records as the API shows them, with what is counted.
#pragma once

#include <string>
#include <string_view>

#include "cluster/api/api_call.h"
#include "cluster/state/state.h"

namespace ikada {

struct ClusterParts {
  bool statistics = false;
  bool tags = false;
  bool settings = false;
  bool configurations = false;
};

// Null JSON if the cluster is gone.
Json show_cluster(const State& state,
                  const Scope& scope,
                  std::string_view name,
                  const ClusterParts& parts);

Json show_instance(const State& state,
                   const Scope& scope,
                   std::string_view cluster,
                   std::string_view id,
                   bool with_tags);

}  // namespace ikada
