// The log store of this host: what containers with log driver awslogs have written, and what
// clients have put, by group and stream.
//
//   STATE/logs/GROUP/STREAM/     each 32 digits of a SHA-256: of region and group; of the kind
//                                and the stream. 0700, all files 0600
//     stream.json                {"region", "group", "stream", "task": its id, "container": the
//                                name in the engine, "createdAt": milliseconds}
//     log, log.1 …               of a container: its monitor writes it (runtime/monitor/log_writer)
//     events, events.1 …         of clients: a JSON object a line, {"t": time, "i": time when it
//                                came, both in milliseconds, "m": message}
//
// A container's log is here from the beginning: its removal moves nothing, and so loses nothing. A
// stream may have both kinds, and parts on several hosts.
//
// Source: Amazon CloudWatch Logs User Guide, "Working with log groups and log streams".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/engine/layout.h"
#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct LogStreamFacts {
  std::string region = {};
  std::string group = {};
  std::string stream = {};
  std::string task = {};       // Empty in those of clients, as the next.
  std::string container = {};  // Its name in the engine, by which it is known to be there still.
  std::int64_t created_ms = 0;

  bool is_of_clients() const { return container.empty(); }
};

struct StoredStream {
  LogStreamFacts facts;
  std::string directory;
};

std::string log_store_directory(const EngineLayout& layout);
std::string log_group_directory(const EngineLayout& layout,
                                std::string_view region,
                                std::string_view group);

// Makes the stream's directory, unless it is there. Returns it.
Result<std::string> prepare_log_stream(const EngineLayout& layout, const LogStreamFacts& facts);

// Those of the group; of all groups without one. What cannot be read is left out.
std::vector<StoredStream> list_log_streams(const EngineLayout& layout,
                                           std::string_view region,
                                           std::string_view group);
std::vector<StoredStream> list_all_log_streams(const EngineLayout& layout);

// Whether its container is there and may write on.
bool is_log_live(const EngineLayout& layout, const LogStreamFacts& facts);

struct StoredLogFile {
  std::string path;
  std::uint32_t age = 0;  // 0: written to.
};

// The oldest first.
std::vector<StoredLogFile> list_log_files(const StoredStream& stream);

// The first digits of the text's SHA-256.
std::string short_digest(std::string_view text, size_t digits);

}  // namespace ikada
