#include "cluster/api/actions.h"

namespace ikada {
namespace {

struct ListSecretsInput {};

void describe(JsonFields& /*fields*/, ListSecretsInput& /*input*/) {}

}  // namespace

// Not one of ECS's actions. Values are not shown to anybody.
//
//   {"secrets": [{"name": "db-password", "version": 1, "createdAt": …, "changedAt": …}]}
Result<Outcome> list_secrets(const ApiCall& call, const State& state) {
  IK_TRY(parse_input<ListSecretsInput>(call).map([](const ListSecretsInput&) {}));
  Json list = Json::array();
  for (const auto& [name, kept] : state.scope(call.scope).secrets) {
    if (!is_secret_name(kept.value.name)) continue;  // The cluster's own.
    Json shown = to_json(kept.value);
    shown.erase("sealed");
    list.push_back(std::move(shown));
  }
  return answer({{"secrets", std::move(list)}});
}

}  // namespace ikada
