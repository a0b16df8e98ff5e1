#include <algorithm>

#include "cluster/api/actions.h"
#include "cluster/api/page.h"
#include "cluster/api/resolve.h"
#include "cluster/api/service_history.h"

namespace ikada {
namespace {

// Either end may be missing.
struct CreatedAt {
  std::optional<Timestamp> before;
  std::optional<Timestamp> after;
};

void describe(JsonFields& fields, CreatedAt& created_at) {
  fields.field("before", created_at.before);
  fields.field("after", created_at.after);
}

struct ListServiceDeploymentsInput {
  std::string cluster;
  std::string service;
  std::vector<std::string> status;
  CreatedAt created_at;
  PageInput page;
};

void describe(JsonFields& fields, ListServiceDeploymentsInput& input) {
  fields.field("cluster", input.cluster);
  fields.required("service", input.service);
  fields.field("status", input.status);
  fields.field("createdAt", input.created_at);
  fields.field("nextToken", input.page.next_token);
  fields.field("maxResults", input.page.max_results);
}

bool is_listed_deployment(const ServiceDeployment& deployment,
                          const ListServiceDeploymentsInput& input) {
  const auto& wanted = input.status;
  const bool has_status =
      wanted.empty() || std::find(wanted.begin(), wanted.end(), deployment.status) != wanted.end();
  const CreatedAt& between = input.created_at;
  return has_status && deployment.created_at <= between.before.value_or(deployment.created_at) &&
         deployment.created_at >= between.after.value_or(deployment.created_at);
}

}  // namespace

// The newest first.
Result<Outcome> list_service_deployments(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ListServiceDeploymentsInput>(call));
  IK_LET(cluster, resolve_cluster(call, state, input.cluster));
  const ServiceState* service = find_named_service(call, cluster, input.service);
  if (service == nullptr) return ecs_error("ServiceNotFoundException", "Service not found.");
  const ShownHistory of{
      .scope = &state.scope(call.scope), .cluster = cluster.state, .service = service};
  std::vector<ListItem> items;
  for (const ServiceDeployment& each : service->history.value.deployments) {
    if (!is_listed_deployment(each, input)) continue;
    items.push_back({.key = fmt::format("{:020}/{}", each.created_at.milliseconds, each.id),
                     .shown = show_service_deployment_brief(call, of, each)});
  }
  IK_LET(page, page_of_descending(std::move(items), input.page, "serviceDeployments"));
  return answer(std::move(page));
}

}  // namespace ikada
