#include "cluster/auth/access_key.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace ikada::auth {
namespace {

constexpr size_t kIdLetters = 16;
constexpr size_t kSecretBytes = 30;
constexpr size_t kTokenBytes = 96;

// A multiple of three bytes, so that there is no padding.
std::string base64(std::span<const std::uint8_t> bytes) {
  std::string text(bytes.size() / 3 * 4 + 1, '\0');
  ::EVP_EncodeBlock(
      reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

}  // namespace

AccessKey make_access_key(AccessKeyKind kind,
                          std::span<const std::uint8_t, kAccessKeyEntropyBytes> entropy) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  AccessKey key;
  key.id = kind == AccessKeyKind::kLongTerm ? "AKIA" : "ASIA";
  for (const std::uint8_t byte : entropy.first(kIdLetters)) key.id += kLetters[byte % 32];
  key.secret = Secret(base64(entropy.subspan(kIdLetters, kSecretBytes)));
  if (kind == AccessKeyKind::kTemporary) {
    key.session_token = Secret(base64(entropy.last(kTokenBytes)));
  }
  return key;
}

AccessKey generate_access_key(AccessKeyKind kind) {
  std::array<std::uint8_t, kAccessKeyEntropyBytes> entropy;
  // Up to 256 bytes come whole, and fail only where there is no generator at all.
  ssize_t got = 0;
  do {
    got = ::getrandom(entropy.data(), entropy.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(entropy.size())) std::abort();
  AccessKey key = make_access_key(kind, entropy);
  ::OPENSSL_cleanse(entropy.data(), entropy.size());
  return key;
}

}  // namespace ikada::auth
