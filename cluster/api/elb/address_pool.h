// The addresses that load balancers get, each its own: ranges of IPv4 addresses of the
// configuration.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada::elb {

struct AddressRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;

  bool operator==(const AddressRange&) const = default;
};

// "192.0.2.16/28", "192.0.2.40-192.0.2.47" or "192.0.2.7"; all of their addresses are given.
// kInvalid for anything else, and for more than 65536 addresses.
Result<AddressRange> parse_address_range(std::string_view text);

// The same ranges without those addresses.
std::vector<AddressRange> without(const std::vector<AddressRange>& pool,
                                  const std::set<std::uint32_t>& addresses);

// The first one that nobody has; empty if there is none.
std::string find_free_address(const std::vector<AddressRange>& pool,
                              const std::set<std::string>& taken);

}  // namespace ikada::elb
