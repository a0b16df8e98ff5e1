#include "cluster/auth/digest.h"

#include <doctest/doctest.h>

#include "runtime/base/random_id.h"

namespace ikada::auth {

// Source: FIPS 180-4, RFC 4231 (test case 2).
TEST_CASE("digests are the published ones") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const Sha256 mac = hmac_sha256("Jefe", "what do ya want for nothing?");
  CHECK(to_hex(mac.data(), mac.size()) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("texts are equal if all bytes are") {
  CHECK(is_equal_in_constant_time("", ""));
  CHECK(is_equal_in_constant_time("abc", "abc"));
  CHECK_FALSE(is_equal_in_constant_time("abc", "abd"));
  CHECK_FALSE(is_equal_in_constant_time("abc", "ab"));
}

}  // namespace ikada::auth
