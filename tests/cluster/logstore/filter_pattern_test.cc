#include "cluster/logstore/filter_pattern.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

bool matches(std::string_view pattern, std::string_view message) {
  const auto parsed = FilterPattern::parse(pattern);
  REQUIRE_MESSAGE(parsed.has_value(), parsed.error().message);
  return parsed->matches(message);
}

}  // namespace

TEST_CASE("all required terms have to stand in the message") {
  CHECK(matches("", "anything"));
  CHECK(matches("ERROR", "an ERROR here"));
  CHECK_FALSE(matches("ERROR", "an error here"));
  CHECK(matches("disk full", "full is the disk"));
  CHECK_FALSE(matches("disk full", "disk"));
  CHECK(matches(R"("disk full")", "the disk full of it"));
  CHECK_FALSE(matches(R"("disk full")", "full disk"));
  CHECK(matches(R"("say \"hi\"")", R"(they say "hi")"));
}

TEST_CASE("optional terms need one of them, excluded ones none") {
  CHECK(matches("?a1 ?b2", "has b2"));
  CHECK_FALSE(matches("?a1 ?b2", "has c3"));
  CHECK(matches("ERROR -debug", "ERROR"));
  CHECK_FALSE(matches("ERROR -debug", "ERROR debug"));
  CHECK_FALSE(matches(R"(-"x y")", "x y"));
  CHECK(matches("need ?some", "need"));  // As with AWS: the optional one changes nothing.
}

TEST_CASE("what is no pattern of terms is refused") {
  for (const char* each : {"{ $.a = 1 }", "[a, b]", "%x%", "\"open", "-", "a\"b", "\"\""}) {
    CHECK_FALSE(FilterPattern::parse(each).has_value());
  }
  CHECK_FALSE(FilterPattern::parse(std::string(2000, 'x')).has_value());
}

}  // namespace ikada
