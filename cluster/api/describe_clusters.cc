#include <algorithm>

#include "cluster/api/actions.h"
#include "cluster/api/resolve.h"
#include "cluster/api/show.h"

namespace ikada {
namespace {

constexpr size_t kMaxNames = 100;

struct DescribeClustersInput {
  std::vector<std::string> clusters;
  std::vector<std::string> include;
};

void describe(JsonFields& fields, DescribeClustersInput& input) {
  fields.field("clusters", input.clusters);
  fields.field("include", input.include);
}

Result<ClusterParts> parts_of(const std::vector<std::string>& include) {
  ClusterParts parts;
  for (const std::string& each : include) {
    if (each == "STATISTICS") {
      parts.statistics = true;
    } else if (each == "TAGS") {
      parts.tags = true;
    } else if (each == "SETTINGS") {
      parts.settings = true;
    } else if (each == "CONFIGURATIONS") {
      parts.configurations = true;
    } else if (each != "ATTACHMENTS") {
      return invalid_parameter("Invalid include '{}'.", each);
    }
  }
  return parts;
}

}  // namespace

Result<Outcome> describe_clusters(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DescribeClustersInput>(call));
  IK_LET(parts, parts_of(input.include));
  if (input.clusters.empty()) input.clusters = {"default"};
  if (input.clusters.size() > kMaxNames) {
    return invalid_parameter("Clusters cannot have more than {} elements.", kMaxNames);
  }
  Json clusters = Json::array();
  Json failures = Json::array();
  for (const std::string& text : input.clusters) {
    const auto name = cluster_name_of(text, call.scope);
    Json shown = name.has_value() ? show_cluster(state, call.scope, *name, parts) : Json();
    if (shown.is_null()) {
      failures.push_back(missing(shown_arn(text, cluster_arn(call.scope, text))));
    } else {
      clusters.push_back(std::move(shown));
    }
  }
  return answer({{"clusters", std::move(clusters)}, {"failures", std::move(failures)}});
}

}  // namespace ikada
