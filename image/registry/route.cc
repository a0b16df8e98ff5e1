#include "image/registry/route.h"

#include <algorithm>
#include <vector>

#include "image/reference.h"
#include "image/registry/failure.h"
#include "runtime/base/text.h"

namespace ikada::registry {
namespace {

constexpr size_t kMaxTargetBytes = 4096;
constexpr size_t kMaxParameters = 32;
constexpr size_t kShownCharacters = 100;
constexpr size_t kUploadIdDigits = 32;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

Error bad_escape(std::string_view text) {
  return api_error(kRequestInvalid, "bad escape in '{}'", text.substr(0, kShownCharacters));
}

Error unknown_path(std::string_view path) {
  return api_error(kPathUnknown, "no such path: {}", path.substr(0, kShownCharacters));
}

Result<std::string> unescape(std::string_view text, bool plus_is_space) {
  std::string plain;
  plain.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      plain += ' ';
      continue;
    }
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return bad_escape(text);
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return bad_escape(text);
    plain += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return plain;
}

Result<Route> parse_upload_route(Route route, std::string_view id) {
  route.endpoint = Endpoint::kUpload;
  if (id.size() != kUploadIdDigits || !std::ranges::all_of(id, is_lower_hex)) {
    return api_error(kBlobUploadUnknown, "no such upload");
  }
  route.upload_id = id;
  return route;
}

Result<Route> parse_manifest_route(Route route, std::string_view reference) {
  route.endpoint = Endpoint::kManifest;
  if (reference.find(':') != std::string_view::npos) {
    IK_LET(digest, ContentDigest::parse(reference));
    route.digest = std::move(digest);
    return route;
  }
  if (!is_tag_name(reference)) {
    return api_error(
        kManifestInvalid, "'{}' is not a valid tag", reference.substr(0, kShownCharacters));
  }
  route.tag = reference;
  return route;
}

// The path's parts behind /v2/: a name of one or more, then what is meant of it.
Result<Route> parse_repository_route(const std::vector<std::string_view>& parts, Route route) {
  const size_t count = parts.size();
  const auto name_before = [&](size_t end) {
    std::string name;
    for (size_t i = 0; i < end; ++i) {
      if (i > 0) name += '/';
      name += parts[i];
    }
    return name;
  };
  // From the end, because a name may have parts like "blobs" itself.
  const std::string_view last = parts[count - 1];
  const std::string_view kind = count >= 3 ? parts[count - 2] : "";
  const bool is_upload = count >= 4 && parts[count - 3] == "blobs" && kind == "uploads";
  const bool starts_upload = count >= 3 && kind == "blobs" && last == "uploads";
  size_t name_end = count - 2;
  if (is_upload) {
    name_end = count - 3;
  } else if (!starts_upload && kind != "blobs" && kind != "manifests" && kind != "referrers" &&
             !(kind == "tags" && last == "list")) {
    return unknown_path(fmt::format("/v2/{}", name_before(count)));
  }
  route.repository = name_before(name_end);
  if (!is_repository_name(route.repository)) {
    return api_error(kNameInvalid,
                     "'{}' is not a valid repository name",
                     std::string_view(route.repository).substr(0, kShownCharacters));
  }
  if (starts_upload || (is_upload && last.empty())) {
    route.endpoint = Endpoint::kUploads;
    return route;
  }
  if (is_upload) return parse_upload_route(std::move(route), last);
  if (kind == "manifests") return parse_manifest_route(std::move(route), last);
  if (kind == "tags") {
    route.endpoint = Endpoint::kTags;
    return route;
  }
  IK_LET(digest, ContentDigest::parse(last));
  route.digest = std::move(digest);
  route.endpoint = kind == "blobs" ? Endpoint::kBlob : Endpoint::kReferrers;
  return route;
}

}  // namespace

const std::string* Route::find_query(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? nullptr : &found->second;
}

Result<std::multimap<std::string, std::string>> parse_query(std::string_view text) {
  std::multimap<std::string, std::string> query;
  if (text.empty()) return query;
  for (const std::string_view pair : split(text, '&')) {
    if (pair.empty()) continue;
    if (query.size() >= kMaxParameters) return api_error(kRequestInvalid, "too many parameters");
    const Cut sides = cut(pair, '=');
    IK_LET(name, unescape(sides.before, true));
    IK_LET(value, unescape(sides.after, true));
    query.emplace(std::move(name), std::move(value));
  }
  return query;
}

std::string escape_query(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~' || c == ':' || c == '/';
    if (plain) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

Result<Route> parse_route(std::string_view target) {
  if (target.size() > kMaxTargetBytes) return api_error(kRequestInvalid, "the path is too long");
  if (!target.starts_with('/')) return api_error(kRequestInvalid, "the target is not a path");
  const Cut sides = cut(target, '?');
  Route route;
  IK_LET(query, parse_query(sides.after));
  route.query = std::move(query);
  IK_LET(path, unescape(sides.before, false));
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
  if (std::ranges::any_of(path, is_control)) {
    return api_error(kRequestInvalid, "the path has characters that none may have");
  }
  if (path == "/v2/" || path == "/v2") return route;
  if (path == "/token" || path == "/healthz" || path == "/v2/_catalog") {
    route.endpoint = path == "/token"     ? Endpoint::kToken
                     : path == "/healthz" ? Endpoint::kHealth
                                          : Endpoint::kCatalog;
    return route;
  }
  constexpr std::string_view kPrefix = "/v2/";
  if (!path.starts_with(kPrefix)) return unknown_path(path);
  const std::vector<std::string_view> parts =
      split(std::string_view(path).substr(kPrefix.size()), '/');
  if (parts.size() < 3) return unknown_path(path);
  return parse_repository_route(parts, std::move(route));
}

}  // namespace ikada::registry
