#include "cluster/logstore/event_page.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

const std::string kSourceA(16, 'a');
const std::string kSourceB(16, 'b');

LogEvent make_event(UnixNanos time, const std::string& source, std::string message = "x") {
  return {.key = event_key(time, source, 0), .stream = "s", .message = std::move(message)};
}

// The times of the page's events.
std::vector<UnixNanos> times(const EventPage& page) {
  std::vector<UnixNanos> all;
  for (const LogEvent& each : page.events) all.push_back(std::stoll(each.key.substr(0, 20)));
  return all;
}

EventRange range(bool from_head, size_t limit) {
  return {.low = key_before(0), .high = key_before(1000), .from_head = from_head, .limit = limit};
}

using Times = std::vector<UnixNanos>;

}  // namespace

TEST_CASE("a page has the first or the last events of its range, in their order") {
  for (const bool from_head : {true, false}) {
    PageBuilder builder(range(from_head, 2));
    for (const UnixNanos time : {5, 1, 2000, 3, 4}) builder.add(make_event(time, kSourceA));

    const EventPage page = builder.take();

    CHECK(times(page) == (from_head ? Times{1, 3} : Times{4, 5}));
    CHECK_FALSE(page.is_complete);
  }
}

TEST_CASE("a page ends where a host has not told more") {
  PageBuilder builder(range(true, 100));
  builder.add(EventPage{.events = {make_event(1, kSourceA), make_event(5, kSourceA)},
                        .is_complete = false});
  builder.add(EventPage{.events = {make_event(2, kSourceB), make_event(9, kSourceB)}});
  CHECK(times(builder.take()) == Times{1, 2, 5});

  PageBuilder backwards(range(false, 100));
  backwards.add(EventPage{.events = {make_event(2, kSourceB), make_event(9, kSourceB)}});
  backwards.add(EventPage{.events = {make_event(5, kSourceA), make_event(7, kSourceA)},
                          .is_complete = false});
  const EventPage page = backwards.take();
  CHECK(times(page) == Times{5, 7, 9});
  CHECK_FALSE(page.is_complete);
}

TEST_CASE("events of one time from two places are two events") {
  PageBuilder builder(range(true, 100));
  builder.add(make_event(7, kSourceA));
  builder.add(make_event(7, kSourceB));
  builder.add(make_event(7, kSourceB));
  CHECK(builder.take().events.size() == 2);
}

TEST_CASE("a page has no more bytes than AWS's, and at least one event") {
  PageBuilder builder(range(true, 100));
  for (const UnixNanos time : {1, 2, 3}) {
    builder.add(make_event(time, kSourceA, std::string(kMaxPageBytes / 2, 'x')));
  }
  CHECK(times(builder.take()) == Times{1});
  PageBuilder one(range(true, 100));
  one.add(make_event(1, kSourceA, std::string(2 * kMaxPageBytes, 'x')));
  CHECK(one.take().events.size() == 1);
}

TEST_CASE("a page goes to JSON and back") {
  EventPage page{.events = {make_event(1, kSourceA, "grüß \xff")}, .is_complete = false};
  page.events[0].time_ms = 3;
  const auto json = parse_json(to_json(page).dump(-1, ' ', false, Json::error_handler_t::replace));
  REQUIRE(json.has_value());
  const auto again = parse_event_page(*json);
  REQUIRE(again.has_value());
  CHECK_FALSE(again->is_complete);
  CHECK(again->events[0].key == page.events[0].key);
  CHECK(again->events[0].time_ms == 3);
  CHECK_FALSE(
      parse_event_page(Json{{"complete", true},
                            {"streams", true},
                            {"events", {{{"k", "!"}, {"s", ""}, {"t", 1}, {"i", 1}, {"m", ""}}}}})
          .has_value());
}

}  // namespace ikada
