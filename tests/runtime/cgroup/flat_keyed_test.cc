#include "runtime/cgroup/flat_keyed.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("the text formats of cgroup files are read") {
  const auto values = parse_flat_keyed("anon 12\nfile 34\nodd line here\n\nnone\n");
  CHECK(values.size() == 2);
  CHECK(values.at("anon") == 12);
  CHECK(values.at("file") == 34);

  CHECK(parse_single_value("123\n") == 123);
  CHECK(parse_single_value("max\n") == 0);
  CHECK(parse_single_value("") == 0);

  const char* io = "8:0 rbytes=10 wbytes=1 rios=2\n254:0 rbytes=5 wbytes=2\n7:0 \n";
  CHECK(sum_nested_key(io, "rbytes") == 15);
  CHECK(sum_nested_key(io, "wbytes") == 3);
  CHECK(sum_nested_key(io, "dbytes") == 0);

  CHECK(has_word("cpu io memory\n", "io"));
  CHECK(!has_word("cpuset memory\n", "cpu"));
}

}  // namespace
}  // namespace ikada
