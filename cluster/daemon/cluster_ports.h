// Where a cluster's hosts reach each other, and how soon they miss each other.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/daemon/node_server.h"
#include "cluster/node/gossip_member.h"
#include "cluster/node/node_link.h"

namespace ikada {

// A host that is gone must be seen within three seconds.
inline constexpr NodeLinkLimits kMemberLimits{.ping_after = std::chrono::milliseconds(500),
                                              .silence_limit = std::chrono::milliseconds(2000)};

struct ClusterPorts {
  std::uint16_t node = kDefaultNodePort;
  std::uint16_t gossip = gossip::kDefaultPort;
  std::uint16_t api = 7440;  // Of the API with TLS, on managers.
};

// "192.0.2.1:7442" without the port; "[2001:db8::1]:7442" without the brackets, too.
std::string address_of_endpoint(const std::string& endpoint);

}  // namespace ikada
