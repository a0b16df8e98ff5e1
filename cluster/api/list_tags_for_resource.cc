#include "cluster/api/actions.h"
#include "cluster/api/tagged_resource.h"

namespace ikada {
namespace {

struct ListTagsForResourceInput {
  std::string resource_arn;
};

void describe(JsonFields& fields, ListTagsForResourceInput& input) {
  fields.required("resourceArn", input.resource_arn);
}

}  // namespace

Result<Outcome> list_tags_for_resource(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ListTagsForResourceInput>(call));
  IK_LET(resource, find_tagged_resource(call, state, input.resource_arn));
  Json tags = Json::array();
  for (const Tag& tag : resource.tags) tags.push_back(to_json(tag));
  return answer({{"tags", std::move(tags)}});
}

}  // namespace ikada
