#include "cluster/scheduler/pattern.h"

#include <chrono>
#include <string>

#include <doctest/doctest.h>

namespace ikada::scheduler {

TEST_CASE("a pattern matches the whole text") {
  struct Row {
    const char* pattern;
    const char* text;
    bool matches;
  };
  for (const Row& row : {Row{"g2.*", "g2.2xlarge", true},
                         Row{"g2", "g2.2xlarge", false},
                         Row{"2xlarge", "g2.2xlarge", false},
                         Row{"(t2|t3)\\.micro", "t3.micro", true},
                         Row{"t[0-9]", "t5", true},
                         Row{"a|ab", "ab", true},
                         Row{"", "", true},
                         Row{"\\d{3}", "123", true},
                         Row{"(?i)PROD", "prod", true}}) {
    CAPTURE(row.pattern);
    CAPTURE(row.text);
    const Result<Pattern> pattern = Pattern::parse(row.pattern);
    REQUIRE(pattern.has_value());
    CHECK(pattern->matches(row.text) == row.matches);
  }
}

TEST_CASE("what cannot be matched in linear time is refused") {
  for (const char* text :
       {"(a)\\1", "(?=a)", "(?<!a)b", "a++", "(", "[", "*", "\\", "\xff", "((a{1000}){1000})"}) {
    CAPTURE(text);
    CHECK_FALSE(Pattern::parse(text).has_value());
  }
}

TEST_CASE("a pattern made to backtrack takes no time") {
  const Result<Pattern> pattern = Pattern::parse("(a*)*b");
  REQUIRE(pattern.has_value());
  const auto start = std::chrono::steady_clock::now();

  CHECK_FALSE(pattern->matches(std::string(100'000, 'a')));

  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
}

}  // namespace ikada::scheduler
