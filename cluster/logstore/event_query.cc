#include "cluster/logstore/event_query.h"

#include <algorithm>

#include "cluster/logstore/event_scan.h"
#include "cluster/logstore/filter_pattern.h"
#include "cluster/logstore/log_room.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// How far clocks of hosts may be apart.
constexpr std::int64_t kClockSlackMs = 60'000;
constexpr size_t kMaxStreams = 10'000;

// "PREFIX/CONTAINER/TASK", or without the prefix.
std::string_view container_part(std::string_view stream) {
  const std::vector<std::string_view> parts = split(stream, '/');
  return parts.size() < 2 ? std::string_view() : parts[parts.size() - 2];
}

bool is_chosen(const StreamChoice& choice, const LogStreamFacts& facts) {
  if (facts.created_ms + kClockSlackMs < choice.group_created_ms) return false;
  if (!facts.stream.starts_with(choice.prefix)) return false;
  if (!choice.task.empty() && !facts.task.starts_with(choice.task)) return false;
  if (!choice.container.empty() && container_part(facts.stream) != choice.container) return false;
  return choice.streams.empty() ||
         std::ranges::find(choice.streams, facts.stream) != choice.streams.end();
}

std::vector<StoredStream> choose(const EngineLayout& layout, const StreamChoice& choice) {
  std::vector<StoredStream> streams = choice.group.empty()
                                          ? list_all_log_streams(layout)
                                          : list_log_streams(layout, choice.region, choice.group);
  std::erase_if(streams, [&](const auto& each) { return !is_chosen(choice, each.facts); });
  return streams;
}

void read_choice(JsonReader& reader, StreamChoice& choice) {
  reader.read("region", choice.region);
  reader.read("group", choice.group);
  reader.read("streams", choice.streams);
  reader.read("prefix", choice.prefix);
  reader.read("task", choice.task);
  reader.read("container", choice.container);
  reader.read("groupCreated", choice.group_created_ms);
  if (choice.group.empty() && choice.task.empty()) reader.fail("group", "missing");
}

Result<EventQuery> parse_event_query(const Json& json) {
  EventQuery query;
  JsonReader reader(json, "events");
  read_choice(reader, query.choice);
  std::uint64_t limit = query.range.limit;
  reader.require("low", query.range.low);
  reader.require("high", query.range.high);
  reader.read("fromHead", query.range.from_head);
  reader.read("limit", limit);
  reader.read("pattern", query.pattern);
  reader.read("host", query.host);
  query.range.limit = static_cast<size_t>(std::clamp<std::uint64_t>(limit, 1, kMaxPageEvents));
  IK_TRY(reader.done());
  return query;
}

}  // namespace

void merge(StreamSummary& into, const StreamSummary& from) {
  const auto choose_one = [](auto& own, const auto& other, auto pick) {
    if (!own.has_value()) {
      own = other;
    } else if (other.has_value()) {
      own = pick(*own, *other);
    }
  };
  const auto least = [](std::int64_t a, std::int64_t b) { return std::min(a, b); };
  const auto most = [](std::int64_t a, std::int64_t b) { return std::max(a, b); };
  into.created_ms = std::min(into.created_ms, from.created_ms);
  choose_one(into.first_ms, from.first_ms, least);
  choose_one(into.last_ms, from.last_ms, most);
  choose_one(into.ingested_ms, from.ingested_ms, most);
  into.bytes += from.bytes;
}

Json to_json(const StreamChoice& choice) {
  return {{"region", choice.region},
          {"group", choice.group},
          {"streams", choice.streams},
          {"prefix", choice.prefix},
          {"task", choice.task},
          {"container", choice.container},
          {"groupCreated", choice.group_created_ms}};
}

Json to_json(const EventQuery& query) {
  Json json = to_json(query.choice);
  json["low"] = query.range.low;
  json["high"] = query.range.high;
  json["fromHead"] = query.range.from_head;
  json["limit"] = query.range.limit;
  json["pattern"] = query.pattern;
  json["host"] = query.host;
  return json;
}

Json to_json(const std::vector<StreamSummary>& streams) {
  Json list = Json::array();
  for (const StreamSummary& each : streams) {
    Json shown = {{"name", each.name}, {"created", each.created_ms}, {"bytes", each.bytes}};
    if (each.first_ms.has_value()) shown["first"] = *each.first_ms;
    if (each.last_ms.has_value()) shown["last"] = *each.last_ms;
    if (each.ingested_ms.has_value()) shown["ingested"] = *each.ingested_ms;
    list.push_back(std::move(shown));
  }
  return {{"streams", std::move(list)}};
}

Result<std::vector<StreamSummary>> parse_stream_summaries(const Json& json) {
  std::vector<StreamSummary> streams;
  JsonReader reader(json, "streams");
  for (JsonReader& each : reader.objects("streams")) {
    StreamSummary summary;
    each.require("name", summary.name);
    each.require("created", summary.created_ms);
    each.read("bytes", summary.bytes);
    each.read("first", summary.first_ms);
    each.read("last", summary.last_ms);
    each.read("ingested", summary.ingested_ms);
    streams.push_back(std::move(summary));
  }
  IK_TRY(reader.done());
  return streams;
}

Result<EventPage> read_log_events(const EngineLayout& layout, const EventQuery& query) {
  Result<FilterPattern> pattern = FilterPattern::parse(query.pattern);
  if (!pattern.has_value()) return pattern.error();
  PageBuilder page(query.range);
  for (const StoredStream& each : choose(layout, query.choice)) {
    page.note_stream();
    scan_log_stream(each, {.host = query.host, .from_head = query.range.from_head}, *pattern, page);
  }
  return page.take();
}

std::vector<StreamSummary> describe_log_streams(const EngineLayout& layout,
                                                const StreamChoice& choice) {
  std::map<std::string, StreamSummary> by_name;
  for (const StoredStream& each : choose(layout, choice)) {
    StreamSummary summary = summarize_log_stream(each);
    const auto known = by_name.find(summary.name);
    if (known != by_name.end()) {
      merge(known->second, summary);
    } else if (by_name.size() < kMaxStreams) {
      by_name.emplace(summary.name, std::move(summary));
    }
  }
  std::vector<StreamSummary> streams;
  streams.reserve(by_name.size());
  for (auto& [name, summary] : by_name) streams.push_back(std::move(summary));
  return streams;
}

Result<StreamDeletion> delete_log_streams(const EngineLayout& layout, const StreamChoice& choice) {
  StreamDeletion done;
  for (const StoredStream& each : choose(layout, choice)) {
    done.was_found = true;
    if (is_log_live(layout, each.facts)) {
      done.is_live = true;
    } else {
      IK_TRY(remove_tree(each.directory));
    }
  }
  return done;
}

Result<Json> answer_log_question(const EngineLayout& layout,
                                 const std::string& verb,
                                 const Json& question) {
  if (verb == "events") {
    IK_LET(query, parse_event_query(question));
    IK_LET(page, read_log_events(layout, query));
    return to_json(page);
  }
  JsonReader reader(question, verb);
  StreamChoice choice;
  read_choice(reader, choice);
  IK_TRY(reader.done());
  if (verb == "streams") return to_json(describe_log_streams(layout, choice));
  if (verb == "deleteStream") {
    IK_LET(done, delete_log_streams(layout, choice));
    return Json{{"found", done.was_found}, {"live", done.is_live}};
  }
  if (verb != "delete") return make_error(ErrorKind::kInvalid, "the log store is not asked so");
  IK_TRY(delete_log_group(layout, choice.region, choice.group));
  return Json::object();
}

}  // namespace ikada
