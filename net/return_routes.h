// The way back of what other hosts' load balancers have sent here: by the mark that the connection
// has (flow_marks.h), and not by the client's address.
//
//   rule 7440   whatever has no mark of ours goes on behind the next
//   rule 7441   mark 0x4b010004: table 0x4b010004, one of each host
//   rule 7442   nothing
//   route       default via 10.120.4.1, which is said to be on the device, in that table
//
// Rules and routes are known as ours by their origin, protocol 74.
//
// Source: ip-rule(8), rtnetlink(7); Linux include/uapi/linux/fib_rules.h.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>

#include "runtime/base/result.h"

namespace ikada {

struct ReturnRoute {
  std::uint32_t mark = 0;
  std::uint32_t gateway = 0;  // Of the other host, behind the device.

  auto operator<=>(const ReturnRoute&) const = default;
};

// Makes what is missing and takes away what is not wanted. Without any there are no rules.
Result<void> apply_return_routes(const std::string& device, std::span<const ReturnRoute> wanted);

}  // namespace ikada
