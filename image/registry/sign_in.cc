#include "image/registry/sign_in.h"

#include <time.h>

#include "image/registry/failure.h"
#include "image/registry/token.h"

namespace ikada::registry {
namespace {

std::string scope_of(const Route& route, std::string_view method) {
  if (route.endpoint == Endpoint::kCatalog) return "registry:catalog:*";
  if (route.repository.empty()) return "";
  const Action action = action_of(route, method);
  // Who pushes also looks whether a blob is there already.
  const std::string_view actions = action == Action::kPush ? "pull,push" : name_of(action);
  return fmt::format("repository:{}:{}", route.repository, actions);
}

std::string own_url(const Settings& settings, const RequestHead& head) {
  if (!settings.config.url.empty()) {
    std::string url = settings.config.url;
    while (url.ends_with('/')) url.pop_back();
    return url;
  }
  return fmt::format("{}://{}", head.is_secure ? "https" : "http", head.field("host"));
}

// A link that somebody was given needs no login.
Result<Caller> identify_by(
    Keeper& keeper, Site& site, const RequestHead& head, const Route& route, const Yield& yield) {
  const auto named = [](std::string user) {
    return Caller{.user = std::move(user), .has_token = false, .grants = {}};
  };
  if (!head.peer_name.empty()) return named(head.peer_name);
  IK_LET(given, parse_authorization(head.field("authorization")));
  if (const auto* basic = std::get_if<BasicAuthorization>(&given)) {
    IK_LET(user, site.pool().run(yield, [&] { return keeper.identify(*basic); }));
    return named(std::move(user));
  }
  const std::string* token = route.find_query("token");
  if (token == nullptr || route.endpoint != Endpoint::kBlob) return Caller();
  IK_LET(user, site.pool().run(yield, [&] {
    return keeper.identify_link(*token, route.repository, route.digest.text());
  }));
  return named(std::move(user));
}

}  // namespace

Action action_of(const Route& route, std::string_view method) {
  if (route.endpoint == Endpoint::kUploads || route.endpoint == Endpoint::kUpload) {
    return Action::kPush;
  }
  if (method == "PUT" || method == "POST" || method == "PATCH") return Action::kPush;
  return method == "DELETE" ? Action::kDelete : Action::kPull;
}

Result<Caller> identify(Site& site,
                        const Settings& settings,
                        const RequestHead& head,
                        const Route& route,
                        const Yield& yield) {
  if (Keeper* const keeper = site.keeper()) return identify_by(*keeper, site, head, route, yield);
  if (!settings.config.access.has_users) return Caller();
  IK_LET(given, parse_authorization(head.field("authorization")));
  if (const auto* basic = std::get_if<BasicAuthorization>(&given)) {
    IK_TRY(site.passwords().check(settings.passwords, *basic, yield));
    return Caller{.user = basic->user, .has_token = false, .grants = {}};
  }
  const auto* bearer = std::get_if<BearerAuthorization>(&given);
  if (bearer == nullptr) return Caller();
  IK_LET(claims,
         verify_token(bearer->token, site.token_key(), settings.config.service, ::time(nullptr)));
  if (!claims.user.empty() && !settings.passwords.has_user(claims.user)) {
    return api_error(kUnauthorized, "the user of this token is no longer known");
  }
  return Caller{
      .user = std::move(claims.user), .has_token = true, .grants = std::move(claims.grants)};
}

std::string challenge_for(const Settings& settings, const RequestHead& head, const Route& route) {
  if (!settings.config.has_tokens || route.endpoint == Endpoint::kToken) {
    return basic_challenge(settings.config.realm);
  }
  return bearer_challenge(
      own_url(settings, head) + "/token", settings.config.service, scope_of(route, head.method));
}

}  // namespace ikada::registry
