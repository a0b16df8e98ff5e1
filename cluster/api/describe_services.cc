#include <algorithm>

#include "cluster/api/actions.h"
#include "cluster/api/resolve.h"
#include "cluster/api/service_view.h"

namespace ikada {
namespace {

constexpr size_t kMaxDescribedServices = 10;

struct DescribeServicesInput {
  std::string cluster;
  std::vector<std::string> services;
  std::vector<std::string> include;
};

void describe(JsonFields& fields, DescribeServicesInput& input) {
  fields.field("cluster", input.cluster);
  fields.required("services", input.services);
  fields.field("include", input.include);
}

}  // namespace

Result<Outcome> describe_services(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DescribeServicesInput>(call));
  if (input.services.empty()) return invalid_parameter("Services cannot be empty.");
  if (input.services.size() > kMaxDescribedServices) {
    return invalid_parameter("Services cannot have more than {} elements.", kMaxDescribedServices);
  }
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  const bool with_tags =
      std::find(input.include.begin(), input.include.end(), "TAGS") != input.include.end();
  Json shown = Json::array();
  Json failures = Json::array();
  for (const std::string& text : input.services) {
    const ServiceState* kept = find_named_service(call, cluster, text);
    if (kept == nullptr) {
      failures.push_back(missing(shown_arn(text, service_arn(call.scope, cluster.name, text))));
    } else {
      shown.push_back(show_service(call, state, cluster.name, kept->record.value.name, with_tags));
    }
  }
  return answer({{"services", std::move(shown)}, {"failures", std::move(failures)}});
}

}  // namespace ikada
