#include "cluster/api/actions.h"

namespace ikada {
namespace {

struct DeleteSecretInput {
  std::string name;
};

void describe(JsonFields& fields, DeleteSecretInput& input) { fields.required("name", input.name); }

}  // namespace

// Not one of ECS's actions. Running tasks keep what they were started with.
Result<Outcome> delete_secret(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<DeleteSecretInput>(call));
  const auto& secrets = state.scope(call.scope).secrets;
  const auto known = secrets.find(secret_record_name(input.name));
  if (known == secrets.end()) return client_exception("There is no secret {}.", input.name);
  Proposal proposal{.then = [name = input.name](const State&) {
    return Json{{"secret", {{"name", name}}}};
  }};
  proposal.remove(secret_key(call.scope, input.name), known->second.revision);
  return propose(std::move(proposal));
}

}  // namespace ikada
