// Events that clients put into a stream of this host.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/logstore/log_streams.h"

namespace ikada {

struct PutEvent {
  std::int64_t time_ms = 0;
  std::string message = {};
};

// On the disk when it returns. The stream is made if it is not there. Waits for whoever else
// appends.
Result<void> append_log_events(const EngineLayout& layout,
                               const LogStreamFacts& facts,
                               const std::vector<PutEvent>& events,
                               std::int64_t now_ms);

}  // namespace ikada
