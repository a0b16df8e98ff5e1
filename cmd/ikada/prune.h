// Removing what is not used: what the `prune` commands have in common.
//
// Source: docker-image-prune(1), docker-container-prune(1), docker-system-prune(1).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cmd/ikada/context.h"
#include "runtime/base/clock.h"
#include "runtime/base/result.h"

namespace ikada {

struct PruneFilter {
  UnixNanos until = INT64_MAX;                 // Only what was made before.
  std::vector<std::string> labels = {};        // "key" or "key=value"; all must be there.
  std::vector<std::string> other_labels = {};  // None of them may be there.
};

// "until=24h", "label=key=value", "label!=key". kInvalid in docker's words for another.
Result<PruneFilter> parse_prune_filters(const std::vector<std::string>& filters, UnixNanos now);

bool passes(const PruneFilter& filter,
            UnixNanos created,
            const std::map<std::string, std::string>& labels);

// Asks unless `force`. kConflict "… has been cancelled" for anything but yes.
Result<void> confirm_prune(const Context& context, const std::string& warning, bool force);

// Each prints what it removed under a heading, if anything, and returns the bytes that it freed.
Result<std::uint64_t> prune_containers(const Context& context, const PruneFilter& filter);
Result<std::uint64_t> prune_images(const Context& context, const PruneFilter& filter, bool all);
// What builds keep: that of no image, or all and the cache mounts. Nothing with a filter of labels.
Result<std::uint64_t> prune_builds(const Context& context, const PruneFilter& filter, bool all);
// Anonymous volumes that no container has.
Result<std::uint64_t> prune_anonymous_volumes(const Context& context);

void print_reclaimed(std::uint64_t bytes);

}  // namespace ikada
