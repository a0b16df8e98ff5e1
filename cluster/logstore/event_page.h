// Events of the log store, and the page of them that somebody gets: the first so many, or the last.
//
// All events are in one order, by their keys: 20 digits of the time in nanoseconds, 16 of where it
// was written (host, group, stream), 8 of its place among those of the same time there. So a page
// may be put together from streams and hosts in any sequence, and the next one begins behind the
// last key, whatever hosts answer then. "20 digits" alone is a key before all events of that time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct LogEvent {
  std::string key = {};
  std::string stream = {};
  std::int64_t time_ms = 0;
  std::int64_t ingested_ms = 0;
  std::string message = {};
};

std::string key_before(UnixNanos time);
std::string event_key(UnixNanos time, const std::string& source, std::uint32_t place);
bool is_event_key(std::string_view key);

// Of AWS: at most so many events and so many bytes, each event counting 26 more than it has.
inline constexpr size_t kMaxPageEvents = 10'000;
inline constexpr size_t kMaxPageBytes = size_t{1} << 20;
inline constexpr size_t kEventCost = 26;

struct EventRange {
  std::string low = {};   // Only keys behind it.
  std::string high = {};  // Only keys before it.
  bool from_head = true;  // The first ones, else the last ones.
  size_t limit = kMaxPageEvents;
};

struct EventPage {
  std::vector<LogEvent> events = {};  // In their order.
  bool is_complete = true;            // Of the range; otherwise there are more beyond the last one.
  bool has_streams = false;           // There was one to look at.
};
Json to_json(const EventPage& page);
Result<EventPage> parse_event_page(const Json& json);

class PageBuilder {
 public:
  explicit PageBuilder(EventRange range) : range_(std::move(range)) {}

  // What is of interest still: it narrows when the page is full.
  const std::string& low() const { return range_.low; }
  const std::string& high() const { return range_.high; }
  bool wants(const std::string& key) const { return key > range_.low && key < range_.high; }

  void note_stream() { has_streams_ = true; }
  void add(LogEvent event);
  // Another host's page of the same range.
  void add(EventPage page);
  EventPage take();

 private:
  void shrink();

  EventRange range_;
  std::map<std::string, LogEvent> events_;
  size_t bytes_ = 0;
  bool is_complete_ = true;
  bool has_streams_ = false;
};

}  // namespace ikada
