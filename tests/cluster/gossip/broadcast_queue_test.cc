#include "cluster/gossip/broadcast_queue.h"

#include <doctest/doctest.h>

#include "runtime/base/text.h"

namespace ikada::gossip {
namespace {

std::string taken(BroadcastQueue& queue, size_t budget = 1000, size_t limit = 3) {
  return join(queue.take(budget, limit), "");
}

}  // namespace

TEST_CASE("news are sent a bounded number of times") {
  BroadcastQueue queue(10);
  queue.add_statement(1, "a");

  CHECK(taken(queue) == "a");
  CHECK(taken(queue) == "a");
  CHECK(taken(queue) == "a");
  CHECK(taken(queue).empty());
  CHECK(queue.empty());
}

TEST_CASE("what was sent least goes first, and the newest of those") {
  BroadcastQueue queue(10);
  queue.add_statement(1, "a");
  queue.add_statement(2, "b");
  CHECK(taken(queue) == "ba");
  queue.add_statement(3, "c");

  CHECK(taken(queue) == "cba");
}

TEST_CASE("a statement takes the place of all that is said about its subject") {
  BroadcastQueue queue(10);
  queue.add_statement(1, "a");
  queue.add_accusation(1, 8, "x");
  queue.add_accusation(1, 9, "y");
  queue.add_accusation(2, 9, "z");

  queue.add_statement(1, "b");

  CHECK(taken(queue) == "bz");
}

TEST_CASE("voices of different accusers stand beside each other") {
  BroadcastQueue queue(10);
  queue.add_accusation(1, 8, "x");
  queue.add_accusation(1, 9, "y");
  queue.add_accusation(1, 9, "y");

  CHECK(taken(queue) == "yx");
}

TEST_CASE("a packet is filled with what fits") {
  BroadcastQueue queue(10);
  queue.add_statement(1, std::string(70, 'a'));
  queue.add_statement(2, std::string(200, 'b'));
  queue.add_statement(3, std::string(80, 'c'));

  CHECK(taken(queue, 160) == std::string(80, 'c') + std::string(70, 'a'));
  CHECK(taken(queue, 250) == std::string(200, 'b'));
}

TEST_CASE("when there are too many news, the most often sent are dropped") {
  BroadcastQueue queue(2);
  queue.add_statement(1, "a");
  CHECK(taken(queue) == "a");
  queue.add_statement(2, "b");
  queue.add_statement(3, "c");

  CHECK(queue.size() == 2);
  CHECK(taken(queue) == "cb");
}

}  // namespace ikada::gossip
