#include "cluster/scheduler/task_table.h"

#include <map>
#include <set>

#include <doctest/doctest.h>

#include "runtime/base/prng.h"

namespace ikada::scheduler {
namespace {

std::set<std::uint64_t> ids_on(const TaskTable& table, HostSlot host) {
  std::set<std::uint64_t> ids;
  for (TaskSlot task = table.first_on(host); task != kNoTask; task = table.next(task)) {
    ids.insert(table.at(task).id.low);
  }
  return ids;
}

}  // namespace

TEST_CASE("tasks are found by id and by host, whatever came and went before") {
  Prng prng(1);
  TaskTable table;
  std::map<std::uint64_t, HostSlot> plain;
  for (int turn = 0; turn < 20'000; ++turn) {
    // Few ids, many of them with the same place in the table.
    const TaskId id = {.high = 0, .low = std::uint64_t{prng.below(300)} * 64};
    const HostSlot host = prng.below(5);
    if (plain.contains(id.low)) {
      REQUIRE(table.find(id) != nullptr);
      REQUIRE(table.find(id)->host == plain[id.low]);
      REQUIRE(table.erase(id)->host == plain[id.low]);
      plain.erase(id.low);
    } else {
      REQUIRE(table.find(id) == nullptr);
      REQUIRE_FALSE(table.erase(id).has_value());
      table.insert({.id = id, .host = host, .shape = 1, .group = 2});
      plain[id.low] = host;
    }
    REQUIRE(table.size() == plain.size());
  }
  for (HostSlot host = 0; host < 6; ++host) {
    std::set<std::uint64_t> expected;
    for (const auto& [id, on] : plain) {
      if (on == host) expected.insert(id);
    }
    CHECK(ids_on(table, host) == expected);
    CHECK(table.count_on(host) == expected.size());
  }
}

}  // namespace ikada::scheduler
