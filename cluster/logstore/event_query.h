// What the log store of this host is asked, by its own daemon or by a manager (`ikada log-store`),
// and what it answers. Everything goes as JSON.
//
//   events   {"region", "group", "streams", "prefix", "task", "container", "low", "high",
//             "groupCreated", "fromHead", "limit", "pattern", "host"} -> event_page.h
//   streams  {"region", "group", "streams", "prefix", "groupCreated"} -> {"streams": [{"name",
//             "created", "first", "last", "ingested", "bytes"}]}; times in milliseconds, absent if
//             there is no event
//   delete   {"region", "group"} -> {}
//   deleteStream  {"region", "group", "streams", "groupCreated"} -> {"found", "live"}: whether
//   there
//             were such streams, and whether a container still writes to one, which stays then
//
// All of it waits for the disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/engine/layout.h"
#include "cluster/logstore/event_page.h"
#include "cluster/logstore/log_streams.h"

namespace ikada {

struct StreamChoice {
  std::string region = {};
  std::string group = {};                 // With `task` empty: of all groups.
  std::vector<std::string> streams = {};  // Empty: all that the others choose.
  std::string prefix = {};                // Of the streams' names.
  std::string task = {};                  // Its id, or the beginning of it.
  std::string container = {};             // The stream's last part but one, as awslogs names it.
  // Streams of a group that was removed since are older than that, clocks aside.
  std::int64_t group_created_ms = 0;
};

Json to_json(const StreamChoice& choice);

struct EventQuery {
  StreamChoice choice = {};
  EventRange range = {};
  std::string pattern = {};  // filter_pattern.h
  std::string host = {};     // The node's id: part of the events' keys.
};
Json to_json(const EventQuery& query);

struct StreamSummary {
  std::string name = {};
  std::int64_t created_ms = 0;
  std::optional<std::int64_t> first_ms = {};
  std::optional<std::int64_t> last_ms = {};
  std::optional<std::int64_t> ingested_ms = {};
  std::uint64_t bytes = 0;
};
// Takes in another host's part of the same stream.
void merge(StreamSummary& into, const StreamSummary& from);
Json to_json(const std::vector<StreamSummary>& streams);
Result<std::vector<StreamSummary>> parse_stream_summaries(const Json& json);

// kInvalid for a pattern that is none.
Result<EventPage> read_log_events(const EngineLayout& layout, const EventQuery& query);

std::vector<StreamSummary> describe_log_streams(const EngineLayout& layout,
                                                const StreamChoice& choice);

// What the group has here. What live containers write to stays until they have gone.
Result<void> delete_log_group(const EngineLayout& layout,
                              const std::string& region,
                              const std::string& group);

struct StreamDeletion {
  bool was_found = false;
  bool is_live = false;  // A container still writes to it: it stays.
};
Result<StreamDeletion> delete_log_streams(const EngineLayout& layout, const StreamChoice& choice);

// One of the questions above, "events". kInvalid for any other.
Result<Json> answer_log_question(const EngineLayout& layout,
                                 const std::string& verb,
                                 const Json& question);

}  // namespace ikada
