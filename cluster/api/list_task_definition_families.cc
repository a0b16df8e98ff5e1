#include <algorithm>

#include "cluster/api/actions.h"
#include "cluster/api/page.h"

namespace ikada {
namespace {

struct ListTaskDefinitionFamiliesInput {
  std::string family_prefix;
  std::string status = "ALL";
  PageInput page;
};

void describe(JsonFields& fields, ListTaskDefinitionFamiliesInput& input) {
  fields.field("familyPrefix", input.family_prefix);
  fields.field("status", input.status);
  fields.field("nextToken", input.page.next_token);
  fields.field("maxResults", input.page.max_results);
}

// A family is ACTIVE as long as one of its definitions is.
bool has_status(const FamilyState& family, const std::string& status) {
  const auto& revisions = family.revisions;
  const bool is_active = std::any_of(revisions.begin(), revisions.end(), [](const auto& entry) {
    return entry.second.value.status == "ACTIVE";
  });
  return status == "ALL" || is_active == (status == "ACTIVE");
}

}  // namespace

Result<Outcome> list_task_definition_families(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ListTaskDefinitionFamiliesInput>(call));
  if (input.status != "ACTIVE" && input.status != "INACTIVE" && input.status != "ALL") {
    return invalid_parameter("Invalid status '{}'.", input.status);
  }
  std::vector<ListItem> items;
  for (const auto& [name, family] : state.scope(call.scope).families) {
    if (!name.starts_with(input.family_prefix) || family.revisions.empty()) continue;
    if (has_status(family, input.status)) items.push_back({.key = name, .shown = name});
  }
  IK_LET(page, page_of(std::move(items), input.page, "families"));
  return answer(std::move(page));
}

}  // namespace ikada
