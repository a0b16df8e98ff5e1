#include "cluster/api/ecr/ecr_actions.h"
#include "cluster/api/ecr/ecr_lookup.h"
#include "cluster/api/ecr/registry_token.h"
#include "image/base64.h"

namespace ikada::ecr {
namespace {

constexpr std::int64_t kLifetimeMs = std::int64_t{12} * 3600 * 1000;

}  // namespace

Result<Outcome> get_authorization_token(const ApiCall& call, const State&) {
  if (call.options.vault == nullptr) {
    return make_error(ErrorKind::kUnavailable, "this manager makes no tokens");
  }
  Timestamp expires = call.now;
  expires.milliseconds += kLifetimeMs;
  IK_LET(token,
         seal_token(*call.options.vault,
                    {.principal = call.caller_arn, .expires_at = expires, .layer = {}}));
  Json data = {{"authorizationToken", encode_base64("AWS:" + token)},
               {"proxyEndpoint",
                fmt::format("{}://{}", call.is_secure ? "https" : "http", registry_host(call))}};
  JsonFields(data).field("expiresAt", expires);
  return answer({{"authorizationData", Json::array({std::move(data)})}});
}

}  // namespace ikada::ecr
