#include "image/registry/authorization.h"

#include "image/base64.h"
#include "image/registry/failure.h"
#include "runtime/base/text.h"

namespace ikada::registry {
namespace {

constexpr size_t kMaxHeaderBytes = 12 << 10;

Error unreadable() { return api_error(kUnauthorized, "the authorization cannot be read"); }

bool has_control_characters(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) return true;
  }
  return false;
}

}  // namespace

Result<Authorization> parse_authorization(std::string_view header) {
  const std::string_view text = trim(header);
  if (text.empty()) return Authorization();
  if (text.size() > kMaxHeaderBytes) return unreadable();
  const Cut parts = cut(text, ' ');
  const std::string scheme = lower_case(parts.before);
  const std::string_view value = trim(parts.after);
  if (value.empty()) return unreadable();
  if (scheme == "bearer") return Authorization(BearerAuthorization{std::string(value)});
  if (scheme != "basic") return unreadable();
  const Result<std::string> plain = decode_base64(value);
  if (!plain.has_value()) return unreadable();
  const Cut pair = cut(*plain, ':');
  if (!pair.found || pair.before.empty() || has_control_characters(*plain)) return unreadable();
  return Authorization(BasicAuthorization{std::string(pair.before), std::string(pair.after)});
}

std::string quoted(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    const bool plain = static_cast<unsigned char>(c) >= ' ' && c != '"' && c != '\\' && c != 0x7f;
    if (plain) text += c;
  }
  return text + "\"";
}

std::string basic_challenge(std::string_view realm) {
  return "Basic realm=" + quoted(realm) + ",charset=\"UTF-8\"";
}

std::string bearer_challenge(std::string_view realm,
                             std::string_view service,
                             std::string_view scope) {
  std::string text = "Bearer realm=" + quoted(realm) + ",service=" + quoted(service);
  if (!scope.empty()) text += ",scope=" + quoted(scope);
  return text;
}

}  // namespace ikada::registry
