#include "cmd/ikada/image_rows.h"

#include <doctest/doctest.h>

#include "cmd/ikada/layer_lines.h"

namespace ikada {
namespace {

bool matches(const std::string& pattern, std::string_view reference) {
  return matches_reference(pattern, parse_reference(reference).value());
}

TEST_CASE("a pattern is compared with the familiar name, with and without tag") {
  CHECK(matches("nginx", "docker.io/library/nginx:1.27"));
  CHECK(matches("nginx:1.27", "nginx:1.27"));
  CHECK(matches("ng*:1.*", "nginx:1.27"));
  CHECK(matches("*/web", "localhost:5000/web:2"));
  CHECK(!matches("nginx:1.26", "nginx:1.27"));
  CHECK(!matches("web", "localhost:5000/web:2"));
  CHECK(!matches("*", "localhost:5000/web:2"));
}

TEST_CASE("filters are read in docker's words") {
  const auto filter = parse_image_filters(
      {"reference=a*", "reference=b*", "label=k=v", "dangling=True", "before=x", "since=y"});

  REQUIRE(filter.has_value());
  CHECK(filter->references == std::vector<std::string>{"a*", "b*"});
  CHECK(filter->labels == std::vector<std::string>{"k=v"});
  CHECK(filter->dangling == true);
  CHECK(filter->before == "x");
  CHECK(filter->since == "y");
}

TEST_CASE("a filter there is not is refused") {
  CHECK(!parse_image_filters({"colour=red"}).has_value());
  CHECK(!parse_image_filters({"dangling"}).has_value());
  CHECK(!parse_image_filters({"dangling=perhaps"}).has_value());
}

TEST_CASE("a transfer has a speed and an end") {
  CHECK(format_transfer(0, 10'000, 5000) == "");
  CHECK(format_transfer(1000, 100, 5000) == "");
  CHECK(format_transfer(20'000'000, 2000, 45'000'000) == "10MB/s 5s");
  CHECK(format_transfer(20'000'000, 2000, 0) == "10MB/s");
  CHECK(format_transfer(1000, 1000, 90'000) == "1kB/s 1m30s");
  CHECK(format_transfer(1000, 1000, 7'500'000) == "1kB/s 2h05m");
  CHECK(format_transfer(1, 5000, 1000) == "0B/s");
}

TEST_CASE("a progress bar fills from empty to full") {
  CHECK(format_progress_bar(0, 1000, 10) == "[>         ]      0B/1kB");
  CHECK(format_progress_bar(500, 1000, 10) == "[=====>    ]    500B/1kB");
  CHECK(format_progress_bar(1000, 1000, 10) == "[==========]     1kB/1kB");
  CHECK(format_progress_bar(0, 0, 4) == "[====]      0B/0B");
  CHECK(format_progress_bar(2000, 1000, 4) == "[====]     2kB/1kB");
}

}  // namespace
}  // namespace ikada
