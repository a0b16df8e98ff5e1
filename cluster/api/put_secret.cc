#include "cluster/api/actions.h"
#include "cluster/api/vault.h"

namespace ikada {
namespace {

struct PutSecretInput {
  std::string name;
  std::string value;
  bool overwrite = false;
};

void describe(JsonFields& fields, PutSecretInput& input) {
  fields.required("name", input.name);
  fields.required("secretString", input.value);
  fields.field("overwrite", input.overwrite);
}

}  // namespace

// Not one of ECS's actions: keeps the value under the name, sealed; another one only with
// `overwrite`. Running tasks keep what they were started with.
//
//   {"secret": {"name": "db-password", "version": 1}}
Result<Outcome> put_secret(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<PutSecretInput>(call));
  if (!is_secret_name(input.name)) return invalid_parameter("Invalid name of a secret.");
  if (input.value.empty() || input.value.size() > kMaxSecretBytes ||
      input.value.find('\0') != std::string::npos) {
    return invalid_parameter("A secret's value has 1 to {} bytes, none of which is 0.",
                             kMaxSecretBytes);
  }
  if (call.options.vault == nullptr) return client_exception("This manager keeps no secrets.");
  const auto& secrets = state.scope(call.scope).secrets;
  const auto known = secrets.find(secret_record_name(input.name));
  const bool is_known = known != secrets.end();
  if (is_known && !input.overwrite) {
    return client_exception("There is a secret {} already.", input.name);
  }
  StoredSecret secret = is_known ? known->second.value : StoredSecret{.name = input.name};
  if (is_known) ++secret.version;
  if (!is_known) secret.created_at = call.now;
  secret.changed_at = call.now;
  IK_LET(sealed, call.options.vault->seal(sealed_name_of(input.name), input.value));
  secret.sealed = std::move(sealed);
  Proposal proposal{.then = [name = input.name, version = secret.version](const State&) {
    return Json{{"secret", {{"name", name}, {"version", version}}}};
  }};
  proposal.put(secret_key(call.scope, input.name), secret, is_known ? known->second.revision : 0);
  return propose(std::move(proposal));
}

}  // namespace ikada
