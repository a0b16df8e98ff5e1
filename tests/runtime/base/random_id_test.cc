#include "runtime/base/random_id.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("a random id has two digits for each byte and does not repeat") {
  const std::string first = random_hex(32);

  CHECK(first.size() == 64);
  CHECK(first.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(first != random_hex(32));
}

TEST_CASE("to_hex writes each byte, high digit first") {
  const unsigned char bytes[] = {0x00, 0x0f, 0xa5, 0xff};
  CHECK(to_hex(bytes, sizeof(bytes)) == "000fa5ff");
}

}  // namespace
}  // namespace ikada
