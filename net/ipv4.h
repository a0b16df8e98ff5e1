// IPv4 addresses and subnets as numbers in host order.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

// Dotted decimal with four numbers and nothing else; kInvalid otherwise.
Result<std::uint32_t> parse_ipv4(std::string_view text);

std::string format_ipv4(std::uint32_t address);

struct Ipv4Subnet {
  std::uint32_t network = 0;
  unsigned prefix_length = 0;

  std::uint32_t broadcast() const { return network | (UINT32_MAX >> prefix_length); }
  std::uint32_t gateway() const { return network + 1; }
  bool contains(std::uint32_t address) const {
    return address >= network && address <= broadcast();
  }
};

// "10.88.0.0/16". kInvalid if host bits are set or the prefix is not 8 to 29: a bridge network
// needs room for network, gateway, broadcast and containers.
Result<Ipv4Subnet> parse_ipv4_subnet(std::string_view text);

// The locally administered MAC address that belongs to an address: 02:42 and its four bytes. The
// same address always has the same MAC, so that no neighbour's ARP cache is ever wrong.
using MacAddress = std::array<std::uint8_t, 6>;
MacAddress mac_of(std::uint32_t address);

std::string format_mac(const MacAddress& mac);

// Six two-digit hexadecimal numbers with colons; kInvalid otherwise.
Result<MacAddress> parse_mac(std::string_view text);

// Whether the kernel takes `name` as the name of a network interface, and shells and nft take it
// unquoted: 1 to 15 letters, digits, '_', '-' and '.', neither "." nor "..", nor '-' in front.
bool is_interface_name(std::string_view name);

}  // namespace ikada
