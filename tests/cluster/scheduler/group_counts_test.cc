#include "cluster/scheduler/group_counts.h"

#include <doctest/doctest.h>

namespace ikada::scheduler {

TEST_CASE("tasks of a group are counted by host") {
  GroupCounts groups;
  const GroupId web = groups.acquire("service:web");
  const GroupId other = groups.acquire("service:other");
  CHECK(web != other);

  groups.add(web, 7);
  groups.add(web, 3);
  groups.add(web, 7);
  groups.add(other, 3);

  CHECK(groups.count(web, 7) == 2);
  CHECK(groups.count(web, 3) == 1);
  CHECK(groups.count(web, 4) == 0);
  REQUIRE(groups.hosts(web).size() == 2);
  CHECK(groups.hosts(web)[0].host == 3);

  groups.remove(web, 3);
  groups.remove(web, 3);
  CHECK(groups.count(web, 3) == 0);
  CHECK(groups.hosts(web).size() == 1);
  CHECK(groups.count(other, 3) == 1);
}

TEST_CASE("a group keeps its id as long as somebody holds it") {
  GroupCounts groups;
  const GroupId web = groups.acquire("web");
  CHECK(groups.acquire("web") == web);
  groups.hold(web);
  groups.add(web, 1);
  groups.release(web);
  groups.release(web);
  CHECK(groups.count(web, 1) == 1);
  CHECK(groups.name(web) == "web");
  groups.remove(web, 1);
  groups.release(web);

  const GroupId next = groups.acquire("next");

  CHECK(next == web);
  CHECK(groups.name(next) == "next");
  CHECK(groups.hosts(next).empty());
}

}  // namespace ikada::scheduler
