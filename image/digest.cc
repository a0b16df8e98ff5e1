#include "image/digest.h"

#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <array>

#include <openssl/evp.h>

#include "runtime/base/random_id.h"
#include "runtime/sys/shared_library.h"

namespace ikada {
namespace {

constexpr std::string_view kPrefix = "sha256:";
constexpr size_t kShownDigestCharacters = 100;

// The part of libcrypto that is used here.
struct Crypto {
  decltype(EVP_MD_CTX_new)* context_new = nullptr;
  decltype(EVP_MD_CTX_free)* context_free = nullptr;
  decltype(EVP_DigestInit_ex)* init = nullptr;
  decltype(EVP_DigestUpdate)* update = nullptr;
  decltype(EVP_DigestFinal_ex)* finish = nullptr;
  decltype(EVP_sha256)* sha256 = nullptr;
};

Result<Crypto> load_crypto() {
  IK_LET(library, SharedLibrary::open("libcrypto.so.3"));
  Crypto crypto;
  IK_TRY(library.find("EVP_MD_CTX_new", crypto.context_new));
  IK_TRY(library.find("EVP_MD_CTX_free", crypto.context_free));
  IK_TRY(library.find("EVP_DigestInit_ex", crypto.init));
  IK_TRY(library.find("EVP_DigestUpdate", crypto.update));
  IK_TRY(library.find("EVP_DigestFinal_ex", crypto.finish));
  IK_TRY(library.find("EVP_sha256", crypto.sha256));
  return crypto;
}

// Without libcrypto the installation is broken, and without memory for a hash nothing can go on.
[[noreturn]] void give_up(const char* why) {
  ::fprintf(stderr, "ikada: SHA-256: %s\n", why);
  ::abort();
}

const Crypto& crypto() {
  static const Result<Crypto> loaded = load_crypto();
  if (!loaded.has_value()) give_up(loaded.error().message.c_str());
  return *loaded;
}

Error invalid_digest(std::string_view text, std::string_view why) {
  Error error = make_error(
      ErrorKind::kInvalid, "invalid digest '{}': {}", text.substr(0, kShownDigestCharacters), why);
  error.code = "DIGEST_INVALID";
  return error;
}

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

Result<Digest> Digest::parse(std::string_view text) {
  if (text.starts_with("sha512:")) return invalid_digest(text, "sha512 is not supported");
  if (!text.starts_with(kPrefix)) return invalid_digest(text, "expected sha256:…");
  const std::string_view hex = text.substr(kPrefix.size());
  if (hex.size() != kHexDigits || !std::ranges::all_of(hex, is_lower_hex)) {
    return invalid_digest(text, "expected 64 lower-case hexadecimal digits");
  }
  return Digest(std::string(text));
}

Digest Digest::of(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

std::string_view Digest::hex() const {
  return empty() ? std::string_view() : std::string_view(text_).substr(kPrefix.size());
}

Sha256::Sha256() : context_(crypto().context_new()) {
  auto* context = static_cast<EVP_MD_CTX*>(context_.get());
  if (context == nullptr || crypto().init(context, crypto().sha256(), nullptr) != 1) {
    give_up("out of memory");
  }
}

void Sha256::Free::operator()(void* context) const {
  crypto().context_free(static_cast<EVP_MD_CTX*>(context));
}

void Sha256::update(const void* bytes, size_t size) {
  crypto().update(static_cast<EVP_MD_CTX*>(context_.get()), bytes, size);
}

Digest Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  crypto().finish(static_cast<EVP_MD_CTX*>(context_.get()), bytes.data(), &size);
  return Digest(std::string(kPrefix) + to_hex(bytes.data(), size));
}

}  // namespace ikada
