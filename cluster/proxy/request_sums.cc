#include "cluster/proxy/request_sums.h"

#include <utility>

namespace ikada {
namespace {

void count_on(std::int64_t& sum, std::int64_t last, std::int64_t now) {
  sum += now >= last ? now - last : now;
}

}  // namespace

void RequestSums::add(const std::map<std::string, SectionCounts>& counts) {
  if (!std::exchange(has_begun_, true)) last_ = counts;
  for (const auto& [group, now] : counts) {
    const SectionCounts& last = last_[group];
    // One count that fell tells that all began anew.
    const bool is_same_worker = now.requests >= last.requests && now.bytes_in >= last.bytes_in;
    const SectionCounts base = is_same_worker ? last : SectionCounts{};
    SectionCounts& sum = sums_[group];
    count_on(sum.requests, base.requests, now.requests);
    for (size_t i = 0; i < sum.responses.size(); ++i) {
      count_on(sum.responses[i], base.responses[i], now.responses[i]);
    }
    count_on(sum.connection_errors, base.connection_errors, now.connection_errors);
    count_on(sum.bytes_in, base.bytes_in, now.bytes_in);
    count_on(sum.bytes_out, base.bytes_out, now.bytes_out);
    sum.sessions = now.sessions;
    sum.response_ms = now.response_ms;
  }
  last_ = counts;
  std::erase_if(sums_, [&](const auto& entry) { return !counts.contains(entry.first); });
}

}  // namespace ikada
