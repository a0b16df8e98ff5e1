#include "cluster/api/ecr/ecr_actions.h"
#include "cluster/api/ecr/ecr_lookup.h"

namespace ikada::ecr {
namespace {

struct DescribeRepositoriesInput {
  std::string registry_id;
  std::optional<std::vector<std::string>> names;
  PageInput page;
};

void describe(JsonFields& fields, DescribeRepositoriesInput& input) {
  fields.field("registryId", input.registry_id);
  fields.field("repositoryNames", input.names);
  describe_page(fields, input.page);
}

}  // namespace

Result<Outcome> describe_repositories(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DescribeRepositoriesInput>(call));
  std::vector<ListItem> items;
  const auto add = [&](const ImageRepository& each) {
    items.push_back({.key = each.name, .shown = show_repository(call, each)});
  };
  if (input.names.has_value()) {
    for (const std::string& name : *input.names) {
      IK_LET(found, find_repository(call, state, {input.registry_id, name}));
      add(found->record.value);
    }
  } else if (is_own_registry(call, input.registry_id)) {
    for (const auto& [name, each] : state.scope(registry_scope(call)).repositories) {
      if (each.record.revision != 0) add(each.record.value);
    }
  }
  IK_LET(shown, ecr_page(std::move(items), input.page, "repositories"));
  return answer(std::move(shown));
}

// Nothing is replicated to other registries.
Result<Outcome> describe_registry(const ApiCall& call, const State&) {
  return answer({{"registryId", call.options.account},
                 {"replicationConfiguration", {{"rules", Json::array()}}}});
}

}  // namespace ikada::ecr
