#include "runtime/monitor/log_line.h"

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("a log line is time, stream, tag and text") {
  std::string out;

  append_log_line(out,
                  {.time = 1'475'713'029'669'794'202,
                   .stream = LogStream::kStdout,
                   .partial = false,
                   .text = "message"});
  append_log_line(out, {.time = 0, .stream = LogStream::kStderr, .partial = true, .text = ""});

  CHECK(out ==
        "2016-10-06T00:17:09.669794202Z stdout F message\n"
        "1970-01-01T00:00:00.000000000Z stderr P \n");
}

TEST_CASE("a log line is read back as it was, whatever bytes its text has") {
  const std::string text("a b\0\xff\r  ", 8);
  std::string out;
  append_log_line(out, {.time = 1, .stream = LogStream::kStderr, .partial = true, .text = text});

  const auto line = parse_log_line(std::string_view(out).substr(0, out.size() - 1));

  REQUIRE(line.has_value());
  CHECK(line->time == 1);
  CHECK(line->stream == LogStream::kStderr);
  CHECK(line->partial);
  CHECK(line->text == text);
}

TEST_CASE("what is no log line is refused") {
  CHECK_FALSE(parse_log_line("").has_value());
  CHECK_FALSE(parse_log_line("hello").has_value());
  CHECK_FALSE(parse_log_line("2016-10-06T00:17:09Z stdout F").has_value());
  CHECK_FALSE(parse_log_line("2016-10-06T00:17:09Z stdin F x").has_value());
  CHECK_FALSE(parse_log_line("2016-10-06T00:17:09Z stdout X x").has_value());
  CHECK_FALSE(parse_log_line("yesterday stdout F x").has_value());
}

}  // namespace ikada
