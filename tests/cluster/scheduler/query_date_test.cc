#include "cluster/scheduler/query_date.h"

#include <doctest/doctest.h>

namespace ikada::scheduler {

TEST_CASE("every documented form of a date is read") {
  CHECK(parse_query_date("2018-06-18T22:28:28+00:00").value() == 1529360908);
  CHECK(parse_query_date("2018-06-18T22:28:28Z").value() == 1529360908);
  CHECK(parse_query_date("2018-06-18T22:28:28").value() == 1529360908);
  CHECK(parse_query_date("2018-06-18").value() == 1529280000);
  CHECK(parse_query_date("2018-06-19T00:28:28+02:00").value() == 1529360908);
  CHECK(parse_query_date("1969-12-31T23:59:59Z").value() == -1);
  CHECK(parse_query_date("1969-12-31T23:59:59.5Z").value() == -1);
}

TEST_CASE("what is no date is refused") {
  for (const std::string_view text :
       {"", "yesterday", "2018", "2018-06", "2018-13-01", "2018-06-18T25:00:00", "1529360908"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_query_date(text).has_value());
  }
}

}  // namespace ikada::scheduler
