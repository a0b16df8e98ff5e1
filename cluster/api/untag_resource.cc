#include "cluster/api/actions.h"
#include "cluster/api/tagged_resource.h"

namespace ikada {
namespace {

struct UntagResourceInput {
  std::string resource_arn;
  std::vector<std::string> tag_keys;
};

void describe(JsonFields& fields, UntagResourceInput& input) {
  fields.required("resourceArn", input.resource_arn);
  fields.required("tagKeys", input.tag_keys);
}

}  // namespace

Result<Outcome> untag_resource(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<UntagResourceInput>(call));
  for (const std::string& key : input.tag_keys) IK_TRY(check_tag_key(key));
  IK_LET(resource, find_tagged_resource(call, state, input.resource_arn));
  std::vector<Tag> tags = std::move(resource.tags);
  remove_tags(tags, input.tag_keys);
  Proposal proposal{.then = [](const State&) { return Json::object(); }};
  resource.propose_tags(proposal, tags);
  return propose(std::move(proposal));
}

}  // namespace ikada
