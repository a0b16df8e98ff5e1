#include "cluster/api/actions.h"
#include "cluster/api/page.h"

namespace ikada {
namespace {

struct ListTaskDefinitionsInput {
  std::string family_prefix;
  std::string status = "ACTIVE";
  std::string sort = "ASC";
  PageInput page;
};

void describe(JsonFields& fields, ListTaskDefinitionsInput& input) {
  fields.field("familyPrefix", input.family_prefix);
  fields.field("status", input.status);
  fields.field("sort", input.sort);
  fields.field("nextToken", input.page.next_token);
  fields.field("maxResults", input.page.max_results);
}

}  // namespace

// familyPrefix is, in spite of its name, the whole name of a family.
Result<Outcome> list_task_definitions(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<ListTaskDefinitionsInput>(call));
  if (input.status != "ACTIVE" && input.status != "INACTIVE" &&
      input.status != "DELETE_IN_PROGRESS") {
    return invalid_parameter("Invalid status '{}'.", input.status);
  }
  if (input.sort != "ASC" && input.sort != "DESC") {
    return invalid_parameter("Invalid sort '{}'.", input.sort);
  }
  std::vector<ListItem> items;
  for (const auto& [family, members] : state.scope(call.scope).families) {
    if (!input.family_prefix.empty() && family != input.family_prefix) continue;
    for (const auto& [revision, kept] : members.revisions) {
      if (kept.value.status != input.status) continue;
      items.push_back({.key = fmt::format("{}:{:010}", family, revision),
                       .shown = task_definition_arn(call.scope, family, revision)});
    }
  }
  const auto make_page = input.sort == "ASC" ? page_of : page_of_descending;
  IK_LET(page, make_page(std::move(items), input.page, "taskDefinitionArns"));
  return answer(std::move(page));
}

}  // namespace ikada
