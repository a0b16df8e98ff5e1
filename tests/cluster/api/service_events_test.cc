#include "cluster/api/service_events.h"

#include <doctest/doctest.h>

#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

struct Told {
  Told() {
    bench.call("CreateCluster", "{}");
    service.record.value = {.cluster = "default", .name = "s"};
    text = to_text(ServiceEvents{});
  }

  // What `messages` make of the record.
  void tell(std::vector<std::string> messages) {
    const ApiCall call = bench.own_call();
    REQUIRE(bench.state.apply(key, text, ++revision));
    service.events =
        bench.state.scope(bench.scope).find_cluster("default")->services.find("s")->second.events;
    Proposal proposal;
    propose_events(proposal, call, service, {.messages = std::move(messages)});
    REQUIRE(proposal.changes.size() == 1);
    CHECK(proposal.changes[0].key == key);
    CHECK(proposal.changes[0].expected == revision);
    text = proposal.changes[0].value.value();
  }

  ServiceEvents events() const {
    const Result<Json> json = parse_json(text);
    REQUIRE(json);
    Result<ServiceEvents> events = from_json<ServiceEvents>(*json, "events");
    REQUIRE(events);
    return *events;
  }

  // Its messages from the newest to the oldest, and the record is as if written anew.
  void check(int newest, size_t count) const {
    const ServiceEvents told = events();
    REQUIRE(told.events.size() == count);
    for (size_t index = 0; index < count; ++index) {
      CHECK(told.events[index].message == fmt::format("\"{}\"", newest - static_cast<int>(index)));
    }
    CHECK(text == to_text(told));
  }

  ActionBench bench = {};
  ServiceState service = {};
  std::int64_t revision = 0;
  std::string key = service_events_key(bench.scope, "default", "s");
  std::string text;
};

std::vector<std::string> numbered(int first, int count) {
  std::vector<std::string> messages;
  for (int number = first; number < first + count; ++number) {
    messages.push_back(fmt::format("\"{}\"", number));
  }
  return messages;
}

TEST_CASE("new events stand in front, the oldest go") {
  Told told;
  told.tell(numbered(0, 1));
  told.check(0, 1);
  told.tell(numbered(1, 3));
  told.check(3, 4);
  told.tell(numbered(4, 95));
  told.check(98, 99);
  told.tell(numbered(99, 1));
  told.check(99, 100);
  told.tell(numbered(100, 1));
  told.check(100, 100);
  told.tell(numbered(101, 7));
  told.check(107, 100);
  told.tell(numbered(108, 100));
  told.check(207, 100);
  told.tell(numbered(208, 120));
  told.check(327, 100);
}

TEST_CASE("a record that is spelled otherwise is written anew") {
  Told told;
  told.tell(numbered(0, 100));
  SUBCASE("with spaces") { told.text = parse_json(told.text)->dump(1); }
  SUBCASE("in another order") { told.text = parse_json(told.text)->dump(); }
  told.tell(numbered(100, 2));
  told.check(101, 100);
}

}  // namespace
}  // namespace ikada
