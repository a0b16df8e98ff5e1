#include "cluster/logstore/event_page.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ikada {
namespace {

constexpr size_t kTimeDigits = 20;
constexpr size_t kKeyDigits = kTimeDigits + 16 + 8;

size_t cost_of(const LogEvent& event) { return event.message.size() + kEventCost; }

}  // namespace

std::string key_before(UnixNanos time) {
  return fmt::format("{:020}", std::max<UnixNanos>(0, time));
}

std::string event_key(UnixNanos time, const std::string& source, std::uint32_t place) {
  return fmt::format("{:020}{}{:08}", std::max<UnixNanos>(0, time), source, place);
}

bool is_event_key(std::string_view key) {
  return (key.size() == kKeyDigits || key.size() == kTimeDigits) &&
         key.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Json to_json(const EventPage& page) {
  Json events = Json::array();
  for (const LogEvent& each : page.events) {
    events.push_back({{"k", each.key},
                      {"s", each.stream},
                      {"t", each.time_ms},
                      {"i", each.ingested_ms},
                      {"m", each.message}});
  }
  return {
      {"events", std::move(events)}, {"complete", page.is_complete}, {"streams", page.has_streams}};
}

Result<EventPage> parse_event_page(const Json& json) {
  EventPage page;
  JsonReader reader(json, "events");
  reader.require("complete", page.is_complete);
  reader.require("streams", page.has_streams);
  for (JsonReader& each : reader.objects("events")) {
    LogEvent event;
    each.require("k", event.key);
    each.require("s", event.stream);
    each.require("t", event.time_ms);
    each.require("i", event.ingested_ms);
    each.require("m", event.message);
    if (!is_event_key(event.key)) each.fail("k", "not a key");
    page.events.push_back(std::move(event));
  }
  IK_TRY(reader.done());
  return page;
}

void PageBuilder::add(LogEvent event) {
  if (!wants(event.key)) return;
  bytes_ += cost_of(event);
  const auto [at, is_new] = events_.emplace(event.key, std::move(event));
  if (!is_new) bytes_ -= cost_of(at->second);
  shrink();
}

// Beyond what it has told there may be more, so nothing there counts.
void PageBuilder::add(EventPage page) {
  has_streams_ = has_streams_ || page.has_streams;
  if (!page.is_complete) {
    is_complete_ = false;
    if (page.events.empty()) return;
    std::string& end = range_.from_head ? range_.high : range_.low;
    const std::string& told = range_.from_head ? page.events.back().key : page.events.front().key;
    const std::string limit = range_.from_head ? told + "!" : told.substr(0, told.size() - 1);
    if (range_.from_head ? limit < end : limit > end) end = limit;
    std::erase_if(events_, [&](const auto& each) {
      if (wants(each.first)) return false;
      bytes_ -= cost_of(each.second);
      return true;
    });
  }
  for (LogEvent& each : page.events) add(std::move(each));
}

// At least one event is kept, however long.
void PageBuilder::shrink() {
  while (events_.size() > range_.limit || (bytes_ > kMaxPageBytes && events_.size() > 1)) {
    const auto gone = range_.from_head ? std::prev(events_.end()) : events_.begin();
    bytes_ -= cost_of(gone->second);
    (range_.from_head ? range_.high : range_.low) = gone->first;
    events_.erase(gone);
    is_complete_ = false;
  }
}

EventPage PageBuilder::take() {
  EventPage page{.events = {}, .is_complete = is_complete_, .has_streams = has_streams_};
  page.events.reserve(events_.size());
  for (auto& [key, event] : events_) page.events.push_back(std::move(event));
  events_.clear();
  bytes_ = 0;
  return page;
}

}  // namespace ikada
