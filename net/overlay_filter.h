// The commands for nft(8)'s language that guard the network of tasks: tables `ip ikada_tasks` and
// `bridge ikada_tasks`, beside the one of nft_plan.h, which does not know of it. Pure.
//
// - VXLAN packets of our network are taken only from hosts of the cluster, and none are passed on
//   for anybody else: otherwise a container could forge them and have this host sign for them with
//   its address.
// - A packet must come from where an answer to it would go: from a task only with an address of
//   this host's subnet, from another host's tasks only with one of its subnet.
// - On the bridge a task speaks with its own MAC and IPv4 address alone, in ARP too, and in no
//   other protocol.
// - From outside nobody reaches tasks but by what they have asked for, or through a load balancer;
//   tasks of other hosts reach nothing behind this one.
// - What another host's network load balancer has sent here comes with its client's address, which
//   is not of the pool: the connection is marked by the MAC address of that host, and its answers
//   take the way back (return_routes.h). What is for this host itself is for what its programs
//   have bound at the address that the host is known by.
//
// The tables' sets: `peers`, addresses of hosts; `carriers`, the marks of what they send; `ports`
// and `sources`, the host's ends of tasks' veth pairs, and with which addresses they may speak.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "net/overlay_plan.h"

namespace ikada {

constexpr const char* kTaskTable = "ikada_tasks";
// Its existence says that the tables are there and of this layout.
constexpr const char* kTaskLayoutChain = "layout_2";
constexpr const char* kTaskGuardChain = "guard";  // Of the table of family bridge.
constexpr const char* kTaskBridge = "ikada-tasks";
constexpr const char* kOverlayDevice = "ikada-vxlan";

struct TaskSource {
  std::string host_interface;
  std::uint32_t address = 0;  // Its MAC address follows from it (mac_of).

  bool operator==(const TaskSource&) const = default;
};

// Makes both tables, in one transaction and in place of older ones.
std::string plan_task_tables(const OverlayConfig& config, std::span<const TaskSource> sources);

// Both in an existing table; the second fails if the source is not there.
std::string plan_add_source(const TaskSource& source);
std::string plan_delete_source(const TaskSource& source);

std::string plan_peer_changes(std::span<const OverlayPeer> removed,
                              std::span<const OverlayPeer> added);

std::string plan_remove_task_tables();

}  // namespace ikada
