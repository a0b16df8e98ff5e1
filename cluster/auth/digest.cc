#include "cluster/auth/digest.h"

#include <cstdlib>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "runtime/base/random_id.h"

namespace ikada::auth {

std::string sha256_hex(std::string_view text) {
  Sha256 digest;
  // It fails only where OpenSSL's own memory is broken; a wrong digest would be worse than none.
  if (::EVP_Digest(text.data(), text.size(), digest.data(), nullptr, ::EVP_sha256(), nullptr) !=
      1) {
    std::abort();
  }
  return to_hex(digest.data(), digest.size());
}

Sha256 hmac_sha256(std::string_view key, std::string_view text) {
  Sha256 digest;
  const void* made = ::HMAC(::EVP_sha256(),
                            key.data(),
                            static_cast<int>(key.size()),
                            reinterpret_cast<const unsigned char*>(text.data()),
                            text.size(),
                            digest.data(),
                            nullptr);
  if (made == nullptr) std::abort();
  return digest;
}

std::string_view bytes_of(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

bool is_equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace ikada::auth
