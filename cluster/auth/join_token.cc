#include "cluster/auth/join_token.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "runtime/base/text.h"

namespace ikada::auth {
namespace {

constexpr std::string_view kBase36 = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kTokenPrefix = "IKADA-1-";
constexpr size_t kAuthorityDigits = 50;
constexpr size_t kSecretDigits = 25;
constexpr size_t kJoinSecretBytes = 16;

bool is_base36(std::string_view text, size_t digits) {
  return text.size() == digits && text.find_first_not_of(kBase36) == std::string_view::npos;
}

}  // namespace

std::string to_base36(std::span<const std::uint8_t> bytes, size_t digits) {
  constexpr unsigned kBase = 36;
  constexpr unsigned kByteBits = 8;
  std::vector<std::uint8_t> rest(bytes.begin(), bytes.end());
  std::string text(digits, '0');
  for (size_t place = digits; place-- > 0;) {
    unsigned remainder = 0;
    for (std::uint8_t& byte : rest) {
      const unsigned value = (remainder << kByteBits) | byte;
      byte = static_cast<std::uint8_t>(value / kBase);
      remainder = value % kBase;
    }
    text[place] = kBase36[remainder];
  }
  return text;
}

Result<JoinToken> parse_join_token(std::string_view text) {
  const Error wrong = make_error(
      ErrorKind::kInvalid, "not a join token: expected {}AUTHORITY-SECRET", kTokenPrefix);
  text = trim(text);
  if (!text.starts_with(kTokenPrefix)) return wrong;
  const Cut parts = cut(text.substr(kTokenPrefix.size()), '-');
  if (!is_base36(parts.before, kAuthorityDigits) || !is_base36(parts.after, kSecretDigits)) {
    return wrong;
  }
  return JoinToken{.authority = std::string(parts.before),
                   .secret = Secret(std::string(parts.after))};
}

Secret to_text(const JoinToken& token) {
  return Secret(std::string(kTokenPrefix) + token.authority + "-" +
                std::string(token.secret.reveal()));
}

Secret generate_join_secret() {
  std::array<std::uint8_t, kJoinSecretBytes> bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    std::abort();
  }
  Secret secret(to_base36(bytes, kSecretDigits));
  ::OPENSSL_cleanse(bytes.data(), bytes.size());
  return secret;
}

}  // namespace ikada::auth
