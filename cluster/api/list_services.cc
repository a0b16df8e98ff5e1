#include "cluster/api/actions.h"
#include "cluster/api/page.h"
#include "cluster/api/resolve.h"

namespace ikada {
namespace {

struct ListServicesInput {
  std::string cluster;
  std::optional<std::string> launch_type;
  std::optional<std::string> scheduling_strategy;
  PageInput page;
};

void describe(JsonFields& fields, ListServicesInput& input) {
  fields.field("cluster", input.cluster);
  fields.field("launchType", input.launch_type);
  fields.field("schedulingStrategy", input.scheduling_strategy);
  fields.field("nextToken", input.page.next_token);
  fields.field("maxResults", input.page.max_results);
}

bool is_listed_service(const Kept<Service>& kept, const ListServicesInput& input) {
  const Service& service = kept.value;
  if (kept.revision == 0 || service.status != "ACTIVE") return false;
  if (service.launch_type != input.launch_type.value_or(service.launch_type)) return false;
  return service.scheduling_strategy ==
         input.scheduling_strategy.value_or(service.scheduling_strategy);
}

}  // namespace

Result<Outcome> list_services(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ListServicesInput>(call));
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  std::vector<ListItem> items;
  for (const auto& [name, service] : cluster.state->services) {
    if (!is_listed_service(service.record, input)) continue;
    items.push_back({.key = name, .shown = service_arn(call.scope, cluster.name, name)});
  }
  IK_LET(page, page_of(std::move(items), input.page, "serviceArns"));
  return answer(std::move(page));
}

}  // namespace ikada
