#include "image/dockerfile/word_expansion.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

WordExpansion make_expansion(char escape = '\\') {
  return {.find = [](std::string_view name) -> std::optional<std::string> {
            if (name == "name") return "value";
            if (name == "two") return "a b";
            if (name == "empty") return "";
            if (name == "path") return "/usr/lib/x.tar.gz";
            return std::nullopt;
          },
          .escape = escape};
}

std::string expand(std::string_view text, char escape = '\\') {
  const Result<std::string> word = expand_word(text, make_expansion(escape));
  return word.has_value() ? *word : "error: " + word.error().message;
}

TEST_CASE("a word's variables, quotes and escapes are those of a shell") {
  struct Case {
    std::string_view text;
    std::string_view expected;
  };
  const Case cases[] = {
      {"plain", "plain"},
      {"$name", "value"},
      {"${name}x", "valuex"},
      {"$namex", ""},
      {"a$name/b", "avalue/b"},
      {"\\$name", "$name"},
      {"'$name'", "$name"},
      {"\"$name\"", "value"},
      {"\"\\$name \\\" \\n\"", "$name \" \\n"},
      {"a\\ b", "a b"},
      {"'a b'\"c d\"", "a bc d"},
      {"$", "$"},
      {"a$", "a$"},
      {"$/", "$/"},
      {"${unset:-word}", "word"},
      {"${unset-word}", "word"},
      {"${empty:-word}", "word"},
      {"${empty-word}", ""},
      {"${name:-word}", "value"},
      {"${name:+word}", "word"},
      {"${unset:+word}", ""},
      {"${empty+word}", "word"},
      {"${empty:+word}", ""},
      {"${unset:-${name}}", "value"},
      {"${unset:-a\\}b}", "a}b"},
      {"${path#*/}", "usr/lib/x.tar.gz"},
      {"${path##*/}", "x.tar.gz"},
      {"${path%.*}", "/usr/lib/x.tar"},
      {"${path%%.*}", "/usr/lib/x"},
      {"${path/lib/share}", "/usr/share/x.tar.gz"},
      {"${path//\\//_}", "_usr_lib_x.tar.gz"},
      {"$1", ""},
      {"", ""},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    CHECK(expand(each.text) == each.expected);
  }
}

TEST_CASE("the escape directive changes what escapes") {
  CHECK(expand("c:\\dir\\$name", '`') == "c:\\dir\\value");
  CHECK(expand("`$name", '`') == "$name");
}

TEST_CASE("what is not closed or not known is an error") {
  for (const std::string_view text : {"'open",
                                      "\"open",
                                      "${name",
                                      "${}",
                                      "${name:",
                                      "${name:}",
                                      "${name:*x}",
                                      "${unset:?gone}",
                                      "${unset?gone}",
                                      "${name@Q}"}) {
    CAPTURE(text);
    CHECK(expand(text).starts_with("error: "));
  }
  CHECK(expand("${unset:?gone}") == "error: unset: gone");
}

TEST_CASE("a variable that asks for itself for ever is stopped") {
  std::string text = "x";
  for (int i = 0; i < 100; ++i) text = "${unset:-" + text + "}";

  CHECK(expand(text).starts_with("error: "));
}

TEST_CASE("words are split after expansion, but not inside quotes") {
  const auto words = expand_words("1 $two \"$two\" 'x y' ''", make_expansion());

  REQUIRE(words.has_value());
  CHECK(*words == std::vector<std::string>{"1", "a", "b", "a b", "x y", ""});
}

TEST_CASE("a text keeps its quotes and expands its variables") {
  const auto text = expand_text("it's \"$name\" \\$name \\n\n", make_expansion());

  REQUIRE(text.has_value());
  CHECK(*text == "it's \"value\" $name \\n\n");
}

}  // namespace
}  // namespace ikada
