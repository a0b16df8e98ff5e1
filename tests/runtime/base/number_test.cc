#include "runtime/base/number.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("parse_unsigned takes digits and nothing else") {
  CHECK(parse_unsigned("0").value() == 0);
  CHECK(parse_unsigned("4294967295", UINT32_MAX).value() == 4294967295);
  for (const char* bad :
       {"", "-1", "+1", " 1", "1 ", "0x1", "1e3", "1\n", "18446744073709551616"}) {
    CAPTURE(bad);
    CHECK(!parse_unsigned(bad).has_value());
  }
  CHECK(!parse_unsigned("4294967296", UINT32_MAX).has_value());
}

TEST_CASE("parse_byte_size takes docker's units") {
  CHECK(parse_byte_size("512").value() == 512);
  CHECK(parse_byte_size("64m").value() == 64 << 20);
  CHECK(parse_byte_size("1.5GiB").value() == std::uint64_t{3} << 29);
  CHECK(parse_byte_size("2kb").value() == 2048);
  for (const char* bad : {"", "m", "-1m", "1x", "1mm", ".5g", "1 m", "1e3", "99999999999g"}) {
    CAPTURE(bad);
    CHECK(!parse_byte_size(bad).has_value());
  }
}

TEST_CASE("sizes are printed as docker prints them") {
  CHECK(format_binary_size(0) == "0B");
  CHECK(format_binary_size(1536) == "1.5KiB");
  CHECK(format_decimal_size(187'300'000) == "187MB");
  CHECK(format_decimal_size(4'266'000) == "4.27MB");
}

}  // namespace
}  // namespace ikada
