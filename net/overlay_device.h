// The VXLAN device of overlay_plan.h in the kernel, and what it stands on.
//
// Source: rtnetlink(7); Linux include/uapi/linux/if_link.h.
#pragma once

#include <string>

#include "net/overlay_plan.h"
#include "runtime/base/result.h"

namespace ikada {

// Where the packets leave this host.
struct Underlay {
  bool is_local = false;  // The address is on an interface; otherwise others translate it.
  unsigned mtu = 1500;
};
Result<Underlay> find_underlay(std::uint32_t address);

// What VXLAN over IPv4 takes of each packet: headers of Ethernet, VXLAN, UDP and IPv4.
constexpr unsigned kVxlanOverheadBytes = 50;

// Takes the interface's IPv4 addresses away but `kept`. A missing interface is not an error.
Result<void> remove_other_addresses(const std::string& interface, std::uint32_t kept);

// Makes the device as it should be, anew if it is another: true if it was made. kConflict if an
// interface of that name is no VXLAN device, or another one has the number.
Result<bool> ensure_overlay_device(const std::string& device,
                                   const OverlayConfig& config,
                                   const Underlay& underlay);

}  // namespace ikada
