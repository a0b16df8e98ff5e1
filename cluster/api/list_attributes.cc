#include "cluster/api/actions.h"
#include "cluster/api/page.h"
#include "cluster/api/resolve.h"

namespace ikada {
namespace {

struct ListAttributesInput {
  std::string cluster;
  std::string target_type;
  std::optional<std::string> name;
  std::optional<std::string> value;
  PageInput page;
};

void describe(JsonFields& fields, ListAttributesInput& input) {
  fields.field("cluster", input.cluster);
  fields.required("targetType", input.target_type);
  fields.field("attributeName", input.name);
  fields.field("attributeValue", input.value);
  fields.field("nextToken", input.page.next_token);
  fields.field("maxResults", input.page.max_results);
}

}  // namespace

Result<Outcome> list_attributes(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ListAttributesInput>(call));
  if (input.target_type != "container-instance") {
    return invalid_parameter("Invalid targetType '{}'.", input.target_type);
  }
  if (input.value.has_value() && !input.name.has_value()) {
    return invalid_parameter("attributeName is needed with attributeValue.");
  }
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  std::vector<ListItem> items;
  for (const auto& [id, instance] : cluster.state->instances) {
    if (instance.record.revision == 0) continue;
    for (Attribute attribute : instance.record.value.attributes) {
      if (input.name.has_value() && attribute.name != *input.name) continue;
      if (input.value.has_value() && attribute.value != input.value) continue;
      attribute.target_type = "container-instance";
      attribute.target_id = container_instance_arn(call.scope, cluster.name, id);
      items.push_back(
          {.key = fmt::format("{}/{}", id, attribute.name), .shown = to_json(attribute)});
    }
  }
  IK_LET(page, page_of(std::move(items), input.page, "attributes"));
  return answer(std::move(page));
}

}  // namespace ikada
