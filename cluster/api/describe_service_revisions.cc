#include "cluster/api/actions.h"
#include "cluster/api/resolve.h"
#include "cluster/api/service_history.h"

namespace ikada {
namespace {

constexpr size_t kMaxDescribedRevisions = 20;

struct DescribeServiceRevisionsInput {
  std::vector<std::string> arns;
};

void describe(JsonFields& fields, DescribeServiceRevisionsInput& input) {
  fields.required("serviceRevisionArns", input.arns);
}

}  // namespace

Result<Outcome> describe_service_revisions(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DescribeServiceRevisionsInput>(call));
  if (input.arns.empty() || input.arns.size() > kMaxDescribedRevisions) {
    return invalid_parameter("serviceRevisionArns must have between 1 and {} elements.",
                             kMaxDescribedRevisions);
  }
  Json shown = Json::array();
  Json failures = Json::array();
  for (const std::string& arn : input.arns) {
    std::string id;
    const ShownHistory of = find_history(call, state, arn, "service-revision", id);
    const ServiceRevision* found =
        of.service == nullptr ? nullptr : find_revision(of.service->history.value, id);
    if (found == nullptr) {
      failures.push_back(missing(arn));
    } else {
      shown.push_back(show_service_revision(call, of, *found));
    }
  }
  return answer({{"serviceRevisions", std::move(shown)}, {"failures", std::move(failures)}});
}

}  // namespace ikada
