#include "image/registry_auth.h"

#include <algorithm>

#include "image/base64.h"
#include "image/http_status.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxTokenAnswerBytes = size_t{1} << 20;
constexpr std::int64_t kShortestTokenLifeS = 60;
constexpr std::int64_t kLongestTokenLifeS = 86400;
constexpr std::int64_t kTokenMarginS = 10;

// Registries whose token server is another host of the same owner.
constexpr std::pair<std::string_view, std::string_view> kKnownAuthHosts[] = {
    {"docker.io", "auth.docker.io"},
    {"registry.gitlab.com", "gitlab.com"},
};

Error denied(std::string_view code, std::string message) {
  return {.kind = ErrorKind::kDenied,
          .message = std::move(message),
          .errno_value = 0,
          .code = std::string(code)};
}

// A text of the network's that may stand in a header or a message: visible ASCII only.
bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

std::string parameter(const AuthChallenge& challenge, const std::string& name) {
  const auto found = challenge.parameters.find(name);
  return found == challenge.parameters.end() ? std::string() : found->second;
}

std::string encode_form(const std::vector<std::pair<std::string, std::string>>& fields) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string form;
  for (const auto& [name, value] : fields) {
    form += (form.empty() ? "" : "&") + name + "=";
    for (const char c : value) {
      if (kPlain.find(c) != std::string_view::npos) {
        form += c;
      } else {
        form += fmt::format("%{:02X}", static_cast<unsigned char>(c));
      }
    }
  }
  return form;
}

std::string basic(const Credentials& credentials) {
  return "Basic " + encode_base64(credentials.username + ":" + credentials.password);
}

}  // namespace

RegistryMessage read_registry_message(const std::string& body) {
  constexpr size_t kMaxMessageBytes = 300;
  const Result<Json> json = parse_json(body);
  if (!json.has_value() || !json->is_object()) return {};
  const Json* source = &*json;
  if (const auto errors = json->find("errors");
      errors != json->end() && errors->is_array() && !errors->empty()) {
    source = &errors->front();
  }
  RegistryMessage message;
  const auto read = [&](const char* key, std::string& out) {
    if (!source->is_object() || !source->contains(key) || !source->at(key).is_string()) return;
    out = source->at(key).get<std::string>().substr(0, kMaxMessageBytes);
    std::ranges::replace_if(
        out, [](char c) { return c < ' ' || c == 0x7F; }, ' ');
  };
  read("code", message.code);
  read("message", message.text);
  if (message.text.empty()) read("details", message.text);
  if (message.text.empty()) read("error_description", message.text);
  return message;
}

std::string RegistryAuth::authorization() {
  const std::lock_guard lock(mutex_);
  if (expires_.has_value() && std::chrono::steady_clock::now() >= *expires_) {
    authorization_.clear();
    expires_.reset();
  }
  return authorization_;
}

Result<void> RegistryAuth::answer(const HttpResponse& unauthorized, const std::string& used) {
  const std::lock_guard lock(mutex_);
  // Another thread has answered in the meantime.
  if (authorization_ != used && !authorization_.empty()) return {};
  std::vector<AuthChallenge> challenges;
  for (const auto& [name, value] : unauthorized.headers) {
    if (name != "www-authenticate") continue;
    for (AuthChallenge& challenge : parse_auth_challenges(value)) {
      challenges.push_back(std::move(challenge));
    }
  }
  for (const AuthChallenge& challenge : challenges) {
    if (challenge.scheme == "bearer") return fetch_token(challenge, unauthorized);
  }
  for (const AuthChallenge& challenge : challenges) {
    if (challenge.scheme == "basic") return answer_basic(used);
  }
  return denied("UNAUTHORIZED", "unauthorized: authentication required");
}

Result<void> RegistryAuth::answer_basic(const std::string& used) {
  const std::optional<Credentials>& credentials = options_.credentials;
  if (!credentials.has_value() || credentials->username.empty()) {
    return denied("UNAUTHORIZED", "no basic auth credentials");
  }
  if (used == basic(*credentials)) {
    return denied("UNAUTHORIZED", "unauthorized: incorrect username or password");
  }
  authorization_ = basic(*credentials);
  return {};
}

Result<void> RegistryAuth::check_realm(const Url& realm, const Url& asked_by) const {
  if (asked_by.scheme == "https" && realm.scheme != "https") {
    return denied("AUTH_REALM_REFUSED",
                  fmt::format("registry {} sends us to {} for a token, without TLS",
                              options_.registry,
                              realm.authority()));
  }
  if (!options_.credentials.has_value() || realm.host == asked_by.host) return {};
  const bool is_known =
      std::ranges::any_of(kKnownAuthHosts,
                          [&](const auto& known) {
                            return known.first == options_.registry && known.second == realm.host;
                          }) ||
      std::ranges::any_of(options_.auth_hosts, [&](const std::string& host) {
        return host == realm.host || host == realm.authority();
      });
  if (is_known) return {};
  return denied("AUTH_REALM_REFUSED",
                fmt::format("registry {} wants the password to be sent to {}, which is not "
                            "configured for it; refused",
                            options_.registry,
                            realm.authority()));
}

Result<OutgoingRequest> RegistryAuth::token_request(const AuthChallenge& challenge,
                                                    const Url& realm) const {
  const std::string service = parameter(challenge, "service");
  // What we need is asked for, not what the registry suggests we should ask for.
  const std::string& scope = options_.scope;
  const std::optional<Credentials>& credentials = options_.credentials;
  OutgoingRequest request;
  request.max_body_bytes = kMaxTokenAnswerBytes;
  if (credentials.has_value() && !credentials->identity_token.empty()) {
    request.url = realm.text;
    request.form = encode_form({{"grant_type", "refresh_token"},
                                {"service", service},
                                {"scope", scope},
                                {"client_id", "ikada"},
                                {"refresh_token", credentials->identity_token}});
    return request;
  }
  std::vector<std::pair<std::string, std::string>> query;
  if (!service.empty()) query.emplace_back("service", service);
  for (const std::string_view each : split(scope, ' ')) {
    if (!each.empty()) query.emplace_back("scope", each);
  }
  if (credentials.has_value()) {
    query.emplace_back("account", credentials->username);
    request.authorization = basic(*credentials);
  }
  IK_LET(url, add_query(realm, query));
  request.url = url.text;
  return request;
}

Result<void> RegistryAuth::fetch_token(const AuthChallenge& challenge,
                                       const HttpResponse& unauthorized) {
  const std::string realm_text = parameter(challenge, "realm");
  Result<Url> realm = parse_url(realm_text);
  if (!realm.has_value()) {
    return denied("AUTH_REALM_REFUSED", "token server: " + realm.error().message);
  }
  IK_TRY(check_realm(*realm, unauthorized.url));
  IK_LET(request, token_request(challenge, *realm));
  request.refuse_private_addresses =
      realm->host != unauthorized.url.host &&
      address_scope(unauthorized.peer_address) == AddressScope::kPublic;
  IK_LET(response, http_.send(request).context("token server {}", realm->authority()));
  if (response.status == kOk) return keep_token(response);
  const RegistryMessage message = read_registry_message(response.body);
  if (response.status == 401 || response.status == 403) {
    const bool has_password = options_.credentials.has_value();
    return denied("UNAUTHORIZED",
                  fmt::format("unauthorized: {}",
                              !message.text.empty() ? message.text
                              : has_password        ? "incorrect username or password"
                                                    : "authentication required"));
  }
  return make_error(ErrorKind::kUnavailable,
                    "token server {}: status {}{}{}",
                    realm->authority(),
                    response.status,
                    message.text.empty() ? "" : ": ",
                    message.text);
}

Result<void> RegistryAuth::keep_token(const HttpResponse& response) {
  const std::string where = "token server " + response.url.authority();
  IK_LET(json, parse_json(response.body).context("{}", where));
  JsonReader reader(json, where);
  std::string token;
  std::string access_token;
  std::int64_t expires_in = kShortestTokenLifeS;
  reader.read("token", token);
  reader.read("access_token", access_token);
  reader.read("expires_in", expires_in);
  IK_TRY(reader.done());
  if (token.empty()) token = std::move(access_token);
  if (token.empty() || !is_visible(token)) {
    Error error = make_error(ErrorKind::kInvalid, "{}: the answer holds no token", where);
    error.code = "REGISTRY_PROTOCOL";
    return error;
  }
  const std::int64_t life_s =
      std::clamp(expires_in, kShortestTokenLifeS, kLongestTokenLifeS) - kTokenMarginS;
  authorization_ = "Bearer " + token;
  expires_ = std::chrono::steady_clock::now() + std::chrono::seconds(life_s);
  return {};
}

}  // namespace ikada
