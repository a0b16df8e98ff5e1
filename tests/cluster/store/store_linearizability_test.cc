#include <doctest/doctest.h>

#include "tests/cluster/store/linearizability.h"

namespace ikada {
namespace {

using Kind = HistoryOperation::Kind;

HistoryOperation read(const std::string& value, std::int64_t begin, std::int64_t end) {
  return {.kind = Kind::kRead, .value = value, .expected = {}, .begin_ns = begin, .end_ns = end};
}

HistoryOperation write(const std::string& value, std::int64_t begin, std::int64_t end) {
  return {.kind = Kind::kWrite, .value = value, .expected = {}, .begin_ns = begin, .end_ns = end};
}

HistoryOperation set_if(const std::string& expected,
                        const std::string& value,
                        bool succeeded,
                        std::int64_t begin,
                        std::int64_t end) {
  return {.kind = Kind::kCompareAndSet,
          .value = value,
          .expected = expected,
          .succeeded = succeeded,
          .begin_ns = begin,
          .end_ns = end};
}

HistoryOperation unknown(HistoryOperation operation) {
  operation.is_unknown = true;
  return operation;
}

TEST_CASE("linearizability: one after the other must agree") {
  CHECK(is_linearizable({}));
  CHECK(is_linearizable({read("", 0, 1), write("a", 2, 3), read("a", 4, 5)}));
  CHECK_FALSE(is_linearizable({write("a", 0, 1), read("", 2, 3)}));
  CHECK_FALSE(is_linearizable({write("a", 0, 1), write("b", 2, 3), read("a", 4, 5)}));
  CHECK_FALSE(is_linearizable({read("x", 0, 1)}));
}

TEST_CASE("linearizability: what overlaps may have either order, but one for all") {
  CHECK(is_linearizable({write("a", 0, 10), write("b", 0, 10), read("a", 11, 12)}));
  CHECK(is_linearizable({write("a", 0, 10), read("", 1, 2), read("a", 3, 4)}));
  // Once it was seen, it does not go away again.
  CHECK_FALSE(is_linearizable({write("a", 0, 10), read("a", 1, 2), read("", 3, 4)}));
  CHECK_FALSE(is_linearizable(
      {write("a", 0, 10), write("b", 0, 10), read("a", 11, 12), read("b", 13, 14)}));
  CHECK_FALSE(is_linearizable(
      {write("a", 0, 1), write("b", 2, 10), read("b", 3, 4), read("a", 5, 6), read("b", 11, 12)}));
}

TEST_CASE("linearizability: a compare-and-set that succeeded excludes another") {
  CHECK(is_linearizable({write("a", 0, 1), set_if("a", "b", true, 2, 5), read("b", 6, 7)}));
  CHECK(is_linearizable({write("a", 0, 1),
                         set_if("a", "b", true, 2, 9),
                         set_if("a", "c", false, 2, 9),
                         read("b", 10, 11)}));
  CHECK_FALSE(is_linearizable(
      {write("a", 0, 1), set_if("a", "b", true, 2, 9), set_if("a", "c", true, 2, 9)}));
  CHECK_FALSE(is_linearizable({write("a", 0, 1), set_if("a", "b", false, 2, 3)}));
  CHECK(is_linearizable({set_if("", "a", true, 0, 1), read("a", 2, 3)}));
}

TEST_CASE("linearizability: an unknown outcome may be seen late, or never") {
  const HistoryOperation lost = unknown(write("x", 2, 3));
  CHECK(is_linearizable({write("a", 0, 1), lost, read("a", 4, 5), read("a", 6, 7)}));
  CHECK(is_linearizable({write("a", 0, 1), lost, read("a", 4, 5), read("x", 6, 7)}));
  CHECK_FALSE(is_linearizable({write("a", 0, 1), lost, read("x", 4, 5), read("a", 6, 7)}));
  CHECK_FALSE(is_linearizable({read("x", 0, 1), lost}));
  CHECK(is_linearizable({write("a", 0, 1),
                         unknown(set_if("a", "b", false, 2, 3)),
                         read("b", 4, 5),
                         set_if("b", "c", true, 6, 7)}));
}

TEST_CASE("linearizability: a lost acknowledged write in a long history is found") {
  std::vector<HistoryOperation> history;
  std::string last;
  for (int i = 0; i < 300; ++i) {
    const std::int64_t time = i * 10;
    history.push_back(write("v" + std::to_string(i), time, time + 12));
    history.push_back(read("v" + std::to_string(i), time + 13, time + 14));
  }
  // Writes and reads overlap a little, so that there is something to search.
  CHECK(is_linearizable(history));

  history.push_back(read("v298", 4000, 4001));
  CHECK_FALSE(is_linearizable(history));
}

}  // namespace
}  // namespace ikada
