// The functions of libcrypto that the registry uses, found when it starts; other commands do not
// pay for loading the library.
//
// Source: EVP_DigestInit(3), HMAC(3), CRYPTO_memcmp(3).
#pragma once

#include <string>
#include <string_view>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "runtime/base/result.h"

namespace ikada::registry {

struct CryptoLibrary {
  decltype(EVP_MD_CTX_new)* context_new = nullptr;
  decltype(EVP_MD_CTX_free)* context_free = nullptr;
  decltype(EVP_DigestInit_ex)* init = nullptr;
  decltype(EVP_DigestUpdate)* update = nullptr;
  decltype(EVP_DigestFinal_ex)* finish = nullptr;
  decltype(EVP_sha256)* sha256 = nullptr;
  decltype(EVP_sha512)* sha512 = nullptr;
  decltype(HMAC)* hmac = nullptr;
  decltype(CRYPTO_memcmp)* compare = nullptr;
};

// Ends the process if libcrypto is missing: then the installation is broken.
const CryptoLibrary& crypto_library();

// HMAC-SHA-256, 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view text);

// Whether both are equal, in a time that depends only on their sizes.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace ikada::registry
