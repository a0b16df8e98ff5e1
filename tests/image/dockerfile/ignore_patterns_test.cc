#include "image/dockerfile/ignore_patterns.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

bool ignores(std::string_view patterns, std::string_view path) {
  const Result<IgnorePatterns> parsed = IgnorePatterns::parse(patterns);
  REQUIRE(parsed.has_value());
  return parsed->ignores(path);
}

TEST_CASE("patterns fit names, directories and all below them") {
  struct Case {
    std::string_view patterns;
    std::string_view path;
    bool ignored;
  };
  const Case cases[] = {
      {"*.o", "a.o", true},
      {"*.o", "dir/a.o", false},
      {"**/*.o", "a.o", true},
      {"**/*.o", "x/y/a.o", true},
      {"dir", "dir/a/b", true},
      {"/dir/", "dir/a", true},
      {"dir/*", "dir", false},
      {"dir/*", "dir/a/b", true},
      {"*/temp*", "a/temporary", true},
      {"*/temp*", "a/b/temp", false},
      {"temp?", "tempa", true},
      {"temp?", "temp", false},
      {"[a-c]x", "bx", true},
      {"[^a-c]x", "bx", false},
      {"a\\*", "a*", true},
      {"a\\*", "ab", false},
      {"**", "any/thing", true},
      {"a/**/z", "a/z", true},
      {"a/**/z", "a/b/c/z/deep", true},
      {"./x/../y", "y", true},
      {"# comment\n\n  b  \n", "b", true},
      {"*\n!keep", "keep", false},
      {"*\n!keep", "other", true},
      {"dir\n!dir/keep", "dir/keep", false},
      {"dir\n!dir/keep", "dir/other", true},
      {"!keep\n*", "keep", true},
      {"*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true},
      {"*.md\n!README*.md\nREADME-secret.md", "README-x.md", false},
  };
  for (const Case& each : cases) {
    CAPTURE(each.patterns);
    CAPTURE(each.path);
    CHECK(ignores(each.patterns, each.path) == each.ignored);
  }
}

TEST_CASE("a directory is passed over only if nothing below it can be taken back in") {
  const auto passed_over = [](std::string_view patterns, std::string_view path) {
    const Result<IgnorePatterns> parsed = IgnorePatterns::parse(patterns);
    REQUIRE(parsed.has_value());
    return parsed->ignores_all_below(path);
  };

  CHECK(passed_over("dir", "dir"));
  CHECK(passed_over("*\n!other/x", "dir"));
  CHECK_FALSE(passed_over("*\n!dir/x", "dir"));
  CHECK_FALSE(passed_over("*\n!dir", "dir/deep"));
  CHECK_FALSE(passed_over("*\n!**/x", "dir"));
  CHECK(passed_over("*\n!dir/a/x", "dir/b"));
}

TEST_CASE("a wrong pattern is an error with its line") {
  for (const std::string_view text : {"a\n[b", "a\nb\\", "a\n!"}) {
    const Result<IgnorePatterns> parsed = IgnorePatterns::parse(text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().message.starts_with("2: "));
  }
}

}  // namespace
}  // namespace ikada
