#include <time.h>

#include "image/registry/answers.h"
#include "image/registry/failure.h"
#include "image/registry/token.h"
#include "runtime/base/clock.h"
#include "runtime/base/json.h"

namespace ikada::registry {
namespace {

constexpr size_t kMaxFormBytes = 16 << 10;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

using Form = std::multimap<std::string, std::string>;

std::string value_of(const Form& form, const std::string& name) {
  const auto found = form.find(name);
  return found == form.end() ? "" : found->second;
}

Result<Form> read_form(const Call& call) {
  std::string text(kMaxFormBytes + 1, '\0');
  IK_LET(count, call.body.read(text));
  if (count > kMaxFormBytes) return api_error(kSizeInvalid, "the form is too large");
  text.resize(count);
  return parse_query(text);
}

// Several scopes come as several parameters, or as one with spaces.
std::vector<Grant> wanted_grants(const Form& parameters) {
  std::string scopes;
  const auto [first, last] = parameters.equal_range("scope");
  for (auto each = first; each != last; ++each) scopes.append(each->second).append(" ");
  return parse_scope(scopes);
}

Answer give_token(const Call& call, const std::string& user, const Form& parameters) {
  const RegistryConfig& config = call.settings.config;
  const std::int64_t now_s = ::time(nullptr);
  const TokenClaims claims{
      .user = user,
      .service = config.service,
      .issued_at_s = now_s,
      .expires_at_s = now_s + config.token_lifetime.count(),
      .grants = allowed_grants(config.access, user, wanted_grants(parameters))};
  const std::string token = sign_token(claims, call.site.token_key());
  const Json body = {{"token", token},
                     {"access_token", token},
                     {"token_type", "Bearer"},
                     {"expires_in", config.token_lifetime.count()},
                     {"issued_at", format_rfc3339(now_s * kNanosPerSecond)}};
  Answer answer = json_answer(200, body.dump() + "\n");
  answer.with("Cache-Control", "no-store");
  answer.user = user;
  return answer;
}

}  // namespace

Result<Answer> answer_token(const Call& call) {
  const RegistryConfig& config = call.settings.config;
  if (!config.access.has_users || !config.has_tokens) {
    return api_error(kPathUnknown, "this registry gives no tokens");
  }
  if (call.head.method == "GET") {
    if (call.caller.has_token) return api_error(kUnauthorized, "a token is not a password");
    return give_token(call, call.caller.user, call.route.query);
  }
  IK_LET(form, read_form(call));
  if (value_of(form, "grant_type") != "password") {
    return api_error(kUnsupported, "only the grant type password is given");
  }
  const BasicAuthorization given{.user = value_of(form, "username"),
                                 .password = value_of(form, "password")};
  IK_TRY(call.site.passwords().check(call.settings.passwords, given, call.yield));
  return give_token(call, given.user, form);
}

}  // namespace ikada::registry
