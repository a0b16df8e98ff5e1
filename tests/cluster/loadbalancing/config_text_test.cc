#include "cluster/loadbalancing/config_text.h"

#include <doctest/doctest.h>
#include <re2/re2.h>

namespace ikada {
namespace {

// RE2 knows no (?>…); a group that may go back finds the same texts.
bool fits(std::string_view pattern, const std::string& text, std::string_view any = ".") {
  std::string expression = wildcard_expression(pattern, any);
  for (size_t at; (at = expression.find("(?>")) != std::string::npos;) expression[at + 2] = ':';
  return re2::RE2::FullMatch(text, re2::RE2(expression));
}

}  // namespace

TEST_CASE("wildcards fit any text and one byte") {
  CHECK(fits("/img/*", "/img/"));
  CHECK(fits("/img/*", "/img/a/b"));
  CHECK_FALSE(fits("/img/*", "/im/a"));
  CHECK(fits("/v?/*/x*z", "/v1/a/b/xyz"));
  CHECK_FALSE(fits("/v?/x", "/v10/x"));
  CHECK(fits("*a*b*", "xxaxxbxx"));
  CHECK_FALSE(fits("*b*a", "aab"));
  CHECK(fits("*ab", "aab"));
  CHECK(fits("***", ""));
  CHECK(fits("", ""));
  CHECK_FALSE(fits("", "x"));
}

TEST_CASE("a backslash takes a wildcard's meaning") {
  CHECK(fits("a\\*b", "a*b"));
  CHECK_FALSE(fits("a\\*b", "axb"));
  CHECK(fits("a\\\\b", "a\\b"));
  CHECK(fits("a\\x", "a\\x"));
}

TEST_CASE("signs of regular expressions stand for themselves") {
  CHECK(fits("a.b[c](d)+|e^$", "a.b[c](d)+|e^$"));
  CHECK_FALSE(fits("a.b", "axb"));
}

TEST_CASE("words of the configuration are letters, digits and numbers of bytes") {
  CHECK(config_word("a b") == "a\\x20b");
  CHECK(config_word("/etc/x-1.pem") == "/etc/x-1.pem");
  CHECK(config_word(std::string("a\0b", 3)) == "ab");
  CHECK(config_word("\"'\\\n#$%") == "\\x22\\x27\\x5c\\x0a\\x23\\x24\\x25");
}

TEST_CASE("section names of different names differ") {
  CHECK(section_name("web:80") == "web:80");
  CHECK(section_name("a_b") == "a_5fb");
  CHECK(section_name("a b\n") == "a_20b_0a");
}

TEST_CASE("URLs keep what is encoded and encode the rest") {
  CHECK(url_text("/a b\"%41'") == "/a%20b%22%41%27");
  CHECK(url_format("/a%41") == "/a%%41");
  CHECK(url_format("%[env(HOME)]") == "%%%%5Benv(HOME)%%5D");
}

}  // namespace ikada
