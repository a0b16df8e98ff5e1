#include "cluster/api/ecr/registry_token.h"

#include "runtime/base/json.h"

namespace ikada::ecr {
namespace {

constexpr std::string_view kSealedAs = "registry token";

}  // namespace

Result<std::string> seal_token(const Vault& vault, const RegistryToken& token) {
  const Json content = {{"principal", token.principal},
                        {"expires", token.expires_at.milliseconds},
                        {"layer", token.layer}};
  return vault.seal(kSealedAs, content.dump());
}

Result<RegistryToken> open_token(const Vault& vault, std::string_view text, Timestamp now) {
  const Error refusal = make_error(ErrorKind::kDenied, "the token is none of this registry");
  const Result<auth::Secret> opened = vault.open(kSealedAs, text);
  if (!opened.has_value()) return refusal;
  const Result<Json> json = parse_json(opened->reveal());
  if (!json.has_value()) return refusal;
  RegistryToken token;
  JsonReader reader(*json, "token");
  reader.require("principal", token.principal);
  reader.require("expires", token.expires_at.milliseconds);
  reader.require("layer", token.layer);
  if (!reader.done().has_value()) return refusal;
  if (now.milliseconds >= token.expires_at.milliseconds) {
    return make_error(ErrorKind::kDenied,
                      "Your authorization token has expired. Reauthenticate "
                      "and try again.");
  }
  return token;
}

}  // namespace ikada::ecr
