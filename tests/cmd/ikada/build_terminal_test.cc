#include "cmd/ikada/build_terminal.h"

#include <doctest/doctest.h>

namespace ikada {

using Lines = std::vector<std::string>;

TEST_CASE("the end of a program's output is kept as plain lines") {
  PlainLines lines(3);
  lines.add("one\ntwo\nthr");
  CHECK(lines.last(10) == Lines{"one", "two", "thr"});
  lines.add("ee\nfour\nfive\n");
  CHECK(lines.last(10) == Lines{"three", "four", "five"});
  CHECK(lines.last(1) == Lines{"five"});
}

TEST_CASE("what would move the cursor does not reach the terminal") {
  PlainLines lines(9);
  lines.add("\x1b[31mred\x1b[0m and \x1b[2Jplain\x1b");
  lines.add("[1;2Hmore\a\b\n");
  lines.add("10%\r20%\r30%\nend\r\n\ttab");
  CHECK(lines.last(9) == Lines{"red and plainmore", "30%", "end", " tab"});
}

TEST_CASE("a line has its time at the right, and no half characters") {
  CHECK(format_timed_line(" => RUN make", 1.24, 20) == " => RUN make    1.2s");
  CHECK(format_timed_line("abcdefghij", 12, 12) == "abcdef 12.0s");
  CHECK(format_timed_line("abcd\xC3\xA4z", 0, 10) == "abcd  0.0s");
  CHECK(format_timed_line("abc", 0, 3).size() == 5);
}

}  // namespace ikada
