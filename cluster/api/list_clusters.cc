#include "cluster/api/actions.h"
#include "cluster/api/page.h"

namespace ikada {
namespace {

struct ListClustersInput {
  PageInput page;
};

void describe(JsonFields& fields, ListClustersInput& input) {
  fields.field("nextToken", input.page.next_token);
  fields.field("maxResults", input.page.max_results);
}

}  // namespace

Result<Outcome> list_clusters(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ListClustersInput>(call));
  std::vector<ListItem> items;
  for (const auto& [name, cluster] : state.scope(call.scope).clusters) {
    if (cluster.record.revision == 0 || cluster.record.value.status != "ACTIVE") continue;
    items.push_back({.key = name, .shown = cluster_arn(call.scope, name)});
  }
  IK_LET(page, page_of(std::move(items), input.page, "clusterArns"));
  return answer(std::move(page));
}

}  // namespace ikada
