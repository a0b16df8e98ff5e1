#include "image/registry/respond.h"

#include <array>

#include "image/registry/answers.h"
#include "image/registry/failure.h"
#include "image/registry/log.h"
#include "image/registry/sign_in.h"
#include "runtime/base/text.h"

namespace ikada::registry {
namespace {

struct EndpointRow {
  Endpoint endpoint;
  std::string_view methods;
  Result<Answer> (*answer)(const Call& call);
};

Result<Answer> answer_root(const Call& call) {
  // Those who would be asked for a password later are asked here, where they look for it.
  if (call.settings.config.access.has_users && call.caller.user.empty() && !call.caller.has_token) {
    return api_error(kUnauthorized, "authentication required");
  }
  return json_answer(200, "{}\n");
}

Result<Answer> answer_health(const Call&) { return json_answer(200, "{\"status\":\"ok\"}\n"); }

constexpr std::array kEndpoints = {
    EndpointRow{Endpoint::kRoot, "GET, HEAD", answer_root},
    EndpointRow{Endpoint::kCatalog, "GET, HEAD", answer_catalog},
    EndpointRow{Endpoint::kBlob, "GET, HEAD, DELETE", answer_blob},
    EndpointRow{Endpoint::kUploads, "POST", answer_uploads},
    EndpointRow{Endpoint::kUpload, "GET, HEAD, PATCH, PUT, DELETE", answer_upload},
    EndpointRow{Endpoint::kManifest, "GET, HEAD, PUT, DELETE", answer_manifest},
    EndpointRow{Endpoint::kTags, "GET, HEAD", answer_tags},
    EndpointRow{Endpoint::kReferrers, "GET, HEAD", answer_referrers},
    EndpointRow{Endpoint::kToken, "GET, POST", answer_token},
    EndpointRow{Endpoint::kHealth, "GET, HEAD", answer_health},
};

const EndpointRow& row_of(Endpoint endpoint) {
  for (const EndpointRow& row : kEndpoints) {
    if (row.endpoint == endpoint) return row;
  }
  return kEndpoints.front();
}

bool has_method(std::string_view methods, std::string_view method) {
  for (const std::string_view each : split(methods, ',')) {
    if (trim(each) == method) return true;
  }
  return false;
}

Answer error_answer(const Error& error) {
  Answer answer = json_answer(status_of(error), body_of(error));
  const bool helps_to_wait =
      error.code == kTooManyRequests || error.code == kUploadBusy || error.code == kNotNow;
  if (helps_to_wait) answer.with("Retry-After", "1");
  return answer;
}

Answer unauthorized(const Settings& settings,
                    const RequestHead& head,
                    const Route& route,
                    const Error& error) {
  Answer answer = error_answer(error);
  answer.with("WWW-Authenticate", challenge_for(settings, head, route));
  return answer;
}

// Whether the caller may do this; the error says whether another login could help.
Result<void> authorize(const Call& call) {
  const AccessPolicy& policy = call.settings.config.access;
  if (call.route.endpoint == Endpoint::kCatalog) {
    if (!policy.has_users || !call.caller.user.empty() || policy.anonymous_pull) return {};
    return api_error(kUnauthorized, "authentication required");
  }
  if (call.route.repository.empty()) return {};
  return check_access(call, call.route.repository, action_of(call.route, call.head.method));
}

Answer perform(const Call& call) {
  const Result<void> allowed = authorize(call);
  if (!allowed.has_value() && allowed.error().code == kUnauthorized) {
    return unauthorized(call.settings, call.head, call.route, allowed.error());
  }
  if (!allowed.has_value()) return error_answer(allowed.error());
  Result<Answer> done = row_of(call.route.endpoint).answer(call);
  if (done.has_value()) return std::move(*done);
  const Error& error = done.error();
  if (error.kind == ErrorKind::kUnavailable && error.code.empty()) {
    return Answer{.status = 408, .closes = true};  // Nobody is there to read it.
  }
  if (!is_api_error(error)) {
    log_error(fmt::format("request failed method={} target={} error={}",
                          call.head.method,
                          quoted_value(call.head.target),
                          quoted_value(error.message)));
  }
  if (error.code == kUnauthorized) {
    return unauthorized(call.settings, call.head, call.route, error);
  }
  return error_answer(error);
}

}  // namespace

Result<void> check_access(const Call& call, const std::string& repository, Action action) {
  const Caller& caller = call.caller;
  if (Keeper* const keeper = call.site.keeper()) {
    if (caller.user.empty()) return api_error(kUnauthorized, "authentication required");
    return call.site.pool().run(call.yield,
                                [&] { return keeper->authorize(caller.user, repository, action); });
  }
  const AccessPolicy& policy = call.settings.config.access;
  if (is_allowed(policy, caller, repository, action)) return {};
  // A token with more rights, or a name, might do.
  const bool may_get_more =
      caller.user.empty() ||
      (caller.has_token && is_allowed(policy, std::string_view(caller.user), repository, action));
  if (may_get_more) return api_error(kUnauthorized, "authentication required");
  return api_error(kDenied, "{} may not {} {}", caller.user, name_of(action), repository);
}

Answer respond(Site& site, const RequestHead& head, RequestBody& body, const Yield& yield) {
  const std::shared_ptr<const Settings> settings = site.settings();
  const Result<Route> route = parse_route(head.target);
  if (!route.has_value()) return error_answer(route.error());
  const EndpointRow& row = row_of(route->endpoint);
  if (!has_method(row.methods, head.method)) {
    Answer answer = error_answer(api_error(kUnsupported, "only {} can be done here", row.methods));
    answer.with("Allow", std::string(row.methods));
    return answer;
  }
  Result<Caller> caller = identify(site, *settings, head, *route, yield);
  if (!caller.has_value()) {
    return caller.error().code == kUnauthorized
               ? unauthorized(*settings, head, *route, caller.error())
               : error_answer(caller.error());
  }
  const Call call{.site = site,
                  .settings = *settings,
                  .head = head,
                  .body = body,
                  .route = *route,
                  .caller = *caller,
                  .yield = yield};
  Answer answer = perform(call);
  if (answer.user.empty()) answer.user = caller->user;
  return answer;
}

}  // namespace ikada::registry
