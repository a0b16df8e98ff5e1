// The commands for nft(8)'s language that make our one table and its contents. Pure: text out of
// values; the executor is nft.h.
//
// The rules never change with the number of containers: bridges and ports are elements of sets and
// maps. Everything that goes into a text is a number, an address or a checked interface name, so
// nothing can be smuggled into it.
//
// (libnftables 1.0.6 cannot make a map of concatenations from JSON, so this is the text language.)
//
// Source: nft(8); CVE-2020-8558 for the rules of chain `guard`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "net/ipv4.h"

namespace ikada {

// The chain whose existence says that the table is there and of this layout. A change of the
// rules raises the number, and the next ensure_bridge makes the table anew.
constexpr const char* kNftTable = "ikada";
constexpr const char* kNftLayoutChain = "layout_1";

struct BridgeElement {
  std::string name;  // is_interface_name() holds.
  Ipv4Subnet subnet;
};

struct PortElement {
  std::uint32_t host_ip = 0;  // 0: every local address.
  bool udp = false;
  std::uint16_t host_port = 0;
  std::uint32_t container_ip = 0;
  std::uint16_t container_port = 0;

  bool operator==(const PortElement&) const = default;
};

// Makes the whole table with these elements, in one transaction and in place of an older one.
std::string plan_nft_table(std::span<const BridgeElement> bridges,
                           std::span<const PortElement> ports);

// Adds ports to an existing table. The kernel refuses a key that is there with another value and
// takes one that is there with the same.
std::string plan_nft_add_ports(std::span<const PortElement> ports);

// Deletes ports from an existing table. The transaction fails if one is not there.
std::string plan_nft_delete_ports(std::span<const PortElement> ports);

}  // namespace ikada
