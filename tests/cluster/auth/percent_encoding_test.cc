#include "cluster/auth/percent_encoding.h"

#include <doctest/doctest.h>

namespace ikada::auth {

TEST_CASE("everything but unreserved letters is encoded") {
  CHECK(percent_encode("aZ09-._~") == "aZ09-._~");
  CHECK(percent_encode("a b/c+*'()") == "a%20b%2Fc%2B%2A%27%28%29");
  CHECK(percent_encode("a/b", "/") == "a/b");
  CHECK(percent_encode("\xE1\x88\xB4%") == "%E1%88%B4%25");
  CHECK(percent_encode(std::string_view("\0", 1)) == "%00");
}

TEST_CASE("decoding is strict, and a plus is a plus") {
  CHECK(percent_decode("a%2fb%2F+").value() == "a/b/+");
  CHECK(percent_decode("%00").value() == std::string("\0", 1));
  for (const char* wrong : {"%", "a%4", "%zz", "%-1", "%0x"}) {
    CAPTURE(wrong);
    CHECK_FALSE(percent_decode(wrong).has_value());
  }
}

}  // namespace ikada::auth
