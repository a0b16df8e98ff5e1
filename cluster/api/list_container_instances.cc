#include "cluster/api/actions.h"
#include "cluster/api/instance_filter.h"
#include "cluster/api/page.h"
#include "cluster/api/resolve.h"

namespace ikada {
namespace {

struct ListContainerInstancesInput {
  std::string cluster;
  std::string filter;
  std::string status;
  PageInput page;
};

void describe(JsonFields& fields, ListContainerInstancesInput& input) {
  fields.field("cluster", input.cluster);
  fields.field("filter", input.filter);
  fields.field("status", input.status);
  fields.field("nextToken", input.page.next_token);
  fields.field("maxResults", input.page.max_results);
}

}  // namespace

Result<Outcome> list_container_instances(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ListContainerInstancesInput>(call));
  IK_LET(filter, InstanceFilter::parse(input.filter));
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  std::vector<ListItem> items;
  for (const auto& [id, instance] : cluster.state->instances) {
    if (instance.record.revision == 0) continue;
    if (!input.status.empty() && instance.record.value.status != input.status) continue;
    if (!filter.selects(instance, *cluster.state)) continue;
    items.push_back({.key = id, .shown = container_instance_arn(call.scope, cluster.name, id)});
  }
  IK_LET(page, page_of(std::move(items), input.page, "containerInstanceArns"));
  return answer(std::move(page));
}

}  // namespace ikada
