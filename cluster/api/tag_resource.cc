#include "cluster/api/actions.h"
#include "cluster/api/tagged_resource.h"

namespace ikada {
namespace {

struct TagResourceInput {
  std::string resource_arn;
  std::vector<Tag> tags;
};

void describe(JsonFields& fields, TagResourceInput& input) {
  fields.required("resourceArn", input.resource_arn);
  fields.required("tags", input.tags);
}

}  // namespace

Result<Outcome> tag_resource(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<TagResourceInput>(call));
  IK_TRY(check_tags(input.tags));
  IK_LET(resource, find_tagged_resource(call, state, input.resource_arn));
  std::vector<Tag> tags = std::move(resource.tags);
  merge_tags(tags, input.tags);
  IK_TRY(check_tags(tags));
  Proposal proposal{.then = [](const State&) { return Json::object(); }};
  resource.propose_tags(proposal, tags);
  return propose(std::move(proposal));
}

}  // namespace ikada
