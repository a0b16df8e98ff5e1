#include "image/registry/token.h"

#include <sys/random.h>

#include <algorithm>

#include "image/base64.h"
#include "image/registry/crypto_library.h"
#include "image/registry/failure.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/json.h"
#include "runtime/base/random_id.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada::registry {
namespace {

constexpr size_t kMaxTokenBytes = 12 << 10;
constexpr size_t kKeyBytes = 32;
constexpr size_t kTokenIdBytes = 8;
constexpr size_t kBase64Group = 4;
constexpr std::int64_t kClockSkewSeconds = 30;
constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";

std::string encode_url64(std::string_view bytes) {
  std::string text = encode_base64(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

Result<std::string> decode_url64(std::string_view text) {
  if (text.find_first_of("+/=") != std::string_view::npos) {
    return make_error(ErrorKind::kInvalid, "not base64url");
  }
  std::string plain(text);
  std::ranges::replace(plain, '-', '+');
  std::ranges::replace(plain, '_', '/');
  while (plain.size() % kBase64Group != 0) plain += '=';
  return decode_base64(plain);
}

Error refused(std::string_view why) { return api_error(kUnauthorized, "token: {}", why); }

Json to_json(const Grant& grant) {
  Json actions = Json::array();
  for (const Action action : grant.actions) actions.push_back(name_of(action));
  return {{"type", "repository"}, {"name", grant.repository}, {"actions", std::move(actions)}};
}

std::vector<Grant> read_grants(JsonReader& reader) {
  std::vector<Grant> grants;
  for (JsonReader& each : reader.objects("access")) {
    Grant grant;
    std::vector<std::string> actions;
    each.read("name", grant.repository);
    each.read("actions", actions);
    for (const std::string& name : actions) {
      if (const std::optional<Action> action = find_action(name)) grant.actions.push_back(*action);
    }
    grants.push_back(std::move(grant));
  }
  return grants;
}

Result<void> check_header(std::string_view part) {
  const Result<std::string> text = decode_url64(part);
  if (!text.has_value()) return refused("not a JSON web token");
  const Result<Json> json = parse_json(*text);
  if (!json.has_value() || !json->is_object()) return refused("not a JSON web token");
  const auto algorithm = json->find("alg");
  if (algorithm == json->end() || *algorithm != "HS256") return refused("another algorithm");
  return {};
}

}  // namespace

std::string sign_token(const TokenClaims& claims, std::string_view key) {
  Json access = Json::array();
  for (const Grant& grant : claims.grants) access.push_back(to_json(grant));
  const Json body = {{"iss", "ikada"},
                     {"sub", claims.user},
                     {"aud", claims.service},
                     {"iat", claims.issued_at_s},
                     {"nbf", claims.issued_at_s},
                     {"exp", claims.expires_at_s},
                     {"jti", random_hex(kTokenIdBytes)},
                     {"access", std::move(access)}};
  std::string text = encode_url64(kHeader) + "." + encode_url64(body.dump());
  const std::string signature = encode_url64(hmac_sha256(key, text));
  return text + "." + signature;
}

Result<TokenClaims> verify_token(std::string_view text,
                                 std::string_view key,
                                 std::string_view service,
                                 std::int64_t now_s) {
  if (text.size() > kMaxTokenBytes) return refused("it is too long");
  const std::vector<std::string_view> parts = split(text, '.');
  if (parts.size() != 3) return refused("not a JSON web token");
  IK_TRY(check_header(parts[0]));
  const std::string_view signed_part = text.substr(0, parts[0].size() + 1 + parts[1].size());
  const Result<std::string> signature = decode_url64(parts[2]);
  if (!signature.has_value() ||
      !equal_in_constant_time(*signature, hmac_sha256(key, signed_part))) {
    return refused("its signature is not ours");
  }
  const Result<std::string> body = decode_url64(parts[1]);
  if (!body.has_value()) return refused("not a JSON web token");
  const Result<Json> json = parse_json(*body);
  if (!json.has_value()) return refused("not a JSON web token");
  JsonReader reader(*json, "token");
  TokenClaims claims;
  std::string issuer;
  std::int64_t not_before = 0;
  reader.require("iss", issuer);
  reader.require("sub", claims.user);
  reader.require("aud", claims.service);
  reader.require("iat", claims.issued_at_s);
  reader.require("nbf", not_before);
  reader.require("exp", claims.expires_at_s);
  claims.grants = read_grants(reader);
  if (!reader.done().has_value() || issuer != "ikada") return refused("a claim is missing");
  if (claims.service != service) return refused("it is for another service");
  if (now_s >= claims.expires_at_s) return refused("it has expired");
  if (now_s + kClockSkewSeconds < not_before) return refused("it is not valid yet");
  return claims;
}

Result<std::string> load_token_key(const std::string& path) {
  Result<std::string> key = read_file(path, kKeyBytes);
  if (key.has_value() && key->size() == kKeyBytes) return key;
  if (key.has_value()) {
    return make_error(ErrorKind::kInvalid, "{}: expected {} bytes", path, kKeyBytes);
  }
  if (key.error().kind != ErrorKind::kNotFound) return key;
  std::string bytes(kKeyBytes, '\0');
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return errno_error("getrandom");
  }
  IK_TRY(write_file_atomically(path, bytes, 0600));
  return bytes;
}

}  // namespace ikada::registry
