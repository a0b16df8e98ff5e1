#include "runtime/base/printable.h"

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("what others wrote is shown on one line and moves no cursor") {
  CHECK(printable("caf\xc3\xa9 \xe7\xad\x8f \xf0\x9f\x9a\xa3 a\\b") ==
        "caf\xc3\xa9 \xe7\xad\x8f \xf0\x9f\x9a\xa3 a\\b");
  CHECK(printable("a\nb\r\x1b[31m\x7f\t") == "a\\nb\\x0d\\x1b[31m\\x7f\\x09");
  CHECK(printable(std::string_view("\0", 1)) == "\\x00");
  // What ends a line or begins a sequence in eight bits, as a character and as a byte.
  CHECK(printable("\xc2\x9b"
                  "2J \x9b \xc2\xa0") == "\\xc2\\x9b2J \\x9b \xc2\xa0");
  CHECK(printable("\xe2\x80\xa8 \xe2\x80\xae \xe2\x80\xa6") ==
        "\\xe2\\x80\\xa8 \\xe2\\x80\\xae \xe2\x80\xa6");
  // Cut off, and too many.
  CHECK(printable("\xc3") == "\\xc3");
  CHECK(printable("\xe7\xad"
                  "a\xff") == "\\xe7\\xada\\xff");
}

TEST_CASE("in quotes nothing ends them before the end") {
  CHECK(in_quotes("a \"b\" \\ c\n") == R"("a \"b\" \\ c\n")");
  CHECK(in_quotes("") == "\"\"");
}

}  // namespace ikada
