#include "cluster/api/actions.h"
#include "cluster/api/resolve.h"
#include "cluster/api/service_history.h"

namespace ikada {
namespace {

constexpr size_t kMaxDescribedDeployments = 20;

struct DescribeServiceDeploymentsInput {
  std::vector<std::string> arns;
};

void describe(JsonFields& fields, DescribeServiceDeploymentsInput& input) {
  fields.required("serviceDeploymentArns", input.arns);
}

}  // namespace

Result<Outcome> describe_service_deployments(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DescribeServiceDeploymentsInput>(call));
  if (input.arns.empty() || input.arns.size() > kMaxDescribedDeployments) {
    return invalid_parameter("serviceDeploymentArns must have between 1 and {} elements.",
                             kMaxDescribedDeployments);
  }
  Json shown = Json::array();
  Json failures = Json::array();
  for (const std::string& arn : input.arns) {
    std::string id;
    const ShownHistory of = find_history(call, state, arn, "service-deployment", id);
    const ServiceDeployment* found =
        of.service == nullptr ? nullptr : find_deployment(of.service->history.value, id);
    if (found == nullptr) {
      failures.push_back(missing(arn));
    } else {
      shown.push_back(show_service_deployment(call, of, *found));
    }
  }
  return answer({{"serviceDeployments", std::move(shown)}, {"failures", std::move(failures)}});
}

}  // namespace ikada
