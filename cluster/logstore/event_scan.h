// From a stream's files to its events.
#pragma once

#include <string>

#include "cluster/logstore/event_page.h"
#include "cluster/logstore/event_query.h"
#include "cluster/logstore/filter_pattern.h"
#include "cluster/logstore/log_streams.h"

namespace ikada {

struct ScanOptions {
  std::string host = {};
  bool from_head = true;  // In which sequence files are looked at; the page narrows meanwhile.
};

// Adds what the page wants and the pattern matches. Files that cannot be read are left out: they
// may be removed at any time.
void scan_log_stream(const StoredStream& stream,
                     const ScanOptions& options,
                     const FilterPattern& pattern,
                     PageBuilder& page);

StreamSummary summarize_log_stream(const StoredStream& stream);

// Of a message; longer ones are several events.
inline constexpr size_t kMaxMessageBytes = size_t{256} << 10;

}  // namespace ikada
