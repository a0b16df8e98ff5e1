#include "cluster/logstore/log_room.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

constexpr UnixNanos kDay = UnixNanos{24} * 3600 * 1'000'000'000;
using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("the oldest files go until the rest has room") {
  const std::vector<LogFileFacts> files = {{.path = "new", .bytes = 10, .changed = 9},
                                           {.path = "old", .bytes = 10, .changed = 1},
                                           {.path = "mid", .bytes = 10, .changed = 5}};
  CHECK(plan_log_room(files, 30, 10).empty());
  CHECK(plan_log_room(files, 29, 10) == Paths{"old"});
  CHECK(plan_log_room(files, 10, 10) == Paths{"old", "mid"});
  CHECK(plan_log_room(files, 0, 10) == Paths{"old", "mid", "new"});
}

TEST_CASE("a file that is written to stays, however old") {
  const std::vector<LogFileFacts> files = {
      {.path = "live", .bytes = 10, .changed = 1, .retention_days = 1, .is_written = true},
      {.path = "sealed", .bytes = 10, .changed = 2}};
  CHECK(plan_log_room(files, 5, 9 * kDay) == Paths{"sealed"});
}

TEST_CASE("what is older than its group's retention goes, though there is room") {
  const std::vector<LogFileFacts> files = {
      {.path = "over", .bytes = 1, .changed = kDay, .retention_days = 3},
      {.path = "kept", .bytes = 1, .changed = 3 * kDay, .retention_days = 3},
      {.path = "ever", .bytes = 1, .changed = 0, .retention_days = 0}};
  CHECK(plan_log_room(files, 100, 5 * kDay) == Paths{"over"});
}

}  // namespace ikada
