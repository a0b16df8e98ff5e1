// What the log store of this host may keep: nothing longer than the group's retention says, and no
// more bytes than the host gives it, the oldest going first.
//
// Whole files go. One that a monitor or a client may still append to stays, except that an old
// current file of a stream whose container has gone goes as the others do. A stream without files
// and without a container goes as a whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/engine/layout.h"
#include "runtime/base/clock.h"
#include "runtime/base/result.h"

namespace ikada {

inline constexpr std::uint64_t kDefaultLogStoreBytes = std::uint64_t{4} << 30;

struct LogGroupTerms {
  std::string region = {};
  std::string group = {};
  std::int32_t retention_days = 0;  // 0: for ever.
};

struct LogFileFacts {
  std::string path = {};
  std::uint64_t bytes = 0;
  UnixNanos changed = 0;
  std::int32_t retention_days = 0;
  bool is_written = false;  // Somebody may append to it.
};

// The paths of those that go, the oldest first. Pure.
std::vector<std::string> plan_log_room(std::vector<LogFileFacts> files,
                                       std::uint64_t max_bytes,
                                       UnixNanos now);

struct LogRoomReport {
  std::uint64_t bytes = 0;  // That are left.
  size_t removed_files = 0;
};

LogRoomReport keep_log_room(const EngineLayout& layout,
                            const std::vector<LogGroupTerms>& terms,
                            std::uint64_t max_bytes,
                            UnixNanos now);

}  // namespace ikada
