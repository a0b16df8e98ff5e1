#include "image/registry/crypto_library.h"

#include <stdio.h>
#include <stdlib.h>

#include <array>

#include "runtime/sys/shared_library.h"

namespace ikada::registry {
namespace {

Result<CryptoLibrary> load() {
  IK_LET(library, SharedLibrary::open("libcrypto.so.3"));
  CryptoLibrary crypto;
  IK_TRY(library.find("EVP_MD_CTX_new", crypto.context_new));
  IK_TRY(library.find("EVP_MD_CTX_free", crypto.context_free));
  IK_TRY(library.find("EVP_DigestInit_ex", crypto.init));
  IK_TRY(library.find("EVP_DigestUpdate", crypto.update));
  IK_TRY(library.find("EVP_DigestFinal_ex", crypto.finish));
  IK_TRY(library.find("EVP_sha256", crypto.sha256));
  IK_TRY(library.find("EVP_sha512", crypto.sha512));
  IK_TRY(library.find("HMAC", crypto.hmac));
  IK_TRY(library.find("CRYPTO_memcmp", crypto.compare));
  return crypto;
}

}  // namespace

const CryptoLibrary& crypto_library() {
  static const Result<CryptoLibrary> loaded = load();
  if (!loaded.has_value()) {
    ::fprintf(stderr, "ikada registry: %s\n", loaded.error().message.c_str());
    ::abort();
  }
  return *loaded;
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  const CryptoLibrary& crypto = crypto_library();
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  crypto.hmac(crypto.sha256(),
              key.data(),
              static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(text.data()),
              text.size(),
              bytes.data(),
              &size);
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && crypto_library().compare(a.data(), b.data(), a.size()) == 0;
}

}  // namespace ikada::registry
