// SHA-256 and HMAC, as signatures use them.
//
// Source: EVP_Digest(3), HMAC(3), CRYPTO_memcmp(3).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace ikada::auth {

using Sha256 = std::array<std::uint8_t, 32>;

// In lower-case hexadecimal digits.
std::string sha256_hex(std::string_view text);

Sha256 hmac_sha256(std::string_view key, std::string_view text);

std::string_view bytes_of(const Sha256& digest);

// Whether both are equal, in a time that depends only on their sizes.
bool is_equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace ikada::auth
