#include "runtime/base/text.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

using Views = std::vector<std::string_view>;

TEST_CASE("split keeps empty parts") {
  CHECK(split("a,,b", ',') == Views{"a", "", "b"});
  CHECK(split("", ',') == Views{""});
  CHECK(split(",", ',') == Views{"", ""});
}

TEST_CASE("cut parts at the first separator") {
  const Cut both = cut("a=b=c", '=');
  CHECK(both.before == "a");
  CHECK(both.after == "b=c");
  CHECK(both.found);

  const Cut none = cut("abc", '=');
  CHECK(none.before == "abc");
  CHECK(none.after.empty());
  CHECK(!none.found);
}

TEST_CASE("trim takes blanks at both ends only") {
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim(" \n").empty());
}

TEST_CASE("join is the reverse of split") {
  const std::vector<std::string> parts = {"a", "", "b"};
  CHECK(join(parts, ",") == "a,,b");
  CHECK(join({}, ",").empty());
}

TEST_CASE("lower_case changes ASCII letters only") { CHECK(lower_case("ÄBC-Z1") == "Äbc-z1"); }

}  // namespace
}  // namespace ikada
