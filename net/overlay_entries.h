// The entries of overlay_plan.h in the kernel. Routes are known as ours by their origin,
// protocol 74.
//
// Source: rtnetlink(7); Linux include/uapi/linux/neighbour.h, rtnetlink.h.
#pragma once

#include <string>
#include <vector>

#include "net/overlay_plan.h"
#include "runtime/base/result.h"

namespace ikada {

// Sorted.
Result<std::vector<OverlayEntry>> list_overlay_entries(const std::string& device);

// `source` is this host's address in its own subnet.
Result<void> change_overlay_entries(const std::string& device,
                                    const OverlayChanges& changes,
                                    std::uint32_t source);

}  // namespace ikada
