// An address that moves between hosts, on an interface of the one that holds it now.
//
// It has a lifetime, which the holder lengthens: should nobody do that any more, the kernel takes
// it away itself. Those that are ours are known by their origin, protocol 74.
//
// Source: rtnetlink(7), packet(7); Linux include/uapi/linux/if_addr.h; RFC 5227 section 3.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

struct HeldAddress {
  std::string interface;
  std::uint32_t address = 0;
  bool is_ours = false;

  bool operator==(const HeldAddress&) const = default;
};

// All IPv4 addresses of this host.
Result<std::vector<HeldAddress>> list_addresses_held();

// Puts it there, or lengthens its life; as one that is not asked for as the source of connections.
Result<void> hold_address(const std::string& interface,
                          std::uint32_t address,
                          std::chrono::seconds lifetime);

// Not an error if it is not there.
Result<void> release_held_address(const std::string& interface, std::uint32_t address);

// Tells everybody on the interface's wire, by ARP, that the address is here.
Result<void> announce_address(const std::string& interface, std::uint32_t address);

}  // namespace ikada
