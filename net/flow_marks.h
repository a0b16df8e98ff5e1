// Marks of tracked connections by which the tables of ikada know each other's.
//
//   0x4b000001            this host's network load balancers have sent it to a target, which sees
//                         the client's address
//   0x4b000002            likewise, with this host's address in place of the client's
//   0x4b010000 and more   it has come through VXLAN from a host that carries balancers, which the
//                         last two bytes name: that is where answers go (return_routes.h)
#pragma once

#include <cstdint>

namespace ikada {

constexpr std::uint32_t kFlowMarkMask = 0xffff0000;
constexpr std::uint32_t kBalancedMarks = 0x4b000000;
constexpr std::uint32_t kOpenFlowMark = 0x4b000001;
constexpr std::uint32_t kHiddenFlowMark = 0x4b000002;
constexpr std::uint32_t kReturnMarks = 0x4b010000;

}  // namespace ikada
