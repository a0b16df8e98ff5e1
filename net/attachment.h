// Wiring one container's network namespace, for the runtime's monitor: done by netlink in this
// process, no `ip`.
//
// The parent calls create_veth() once the container's first process exists; the container's
// process, already in its network namespace and before it gives up its privileges, sends the bytes
// that plan_inside() made beforehand and checks the acknowledgements. Nothing here allocates after
// the clone.
//
// Source: rtnetlink(7), veth(4); Linux include/uapi/linux/if_link.h.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct NetworkAttachment {
  std::string bridge;          // "ikada0"
  std::string host_interface;  // "vk" + 10 digits of the container id: at most 15 characters.
  std::string container_interface = "eth0";
  std::string address;  // "10.88.0.5"
  unsigned prefix_length = 16;
  std::string gateway;
  std::string mac;
};

Json to_json(const NetworkAttachment& attachment);
Result<NetworkAttachment> parse_network_attachment(const Json& json);

// Creates the pair with its far end named container_interface inside the namespace of `pid`, and
// the near end up and enslaved to the bridge: one netlink batch. kConflict if the name exists,
// kNotFound if the bridge or process is missing.
Result<void> create_veth(const NetworkAttachment& attachment, pid_t pid);

// Netlink messages for the inside: lo up; address on and up of container_interface; default route.
// `attachment` null means only lo. Interface indices inside a new namespace are known (lo is 1, the
// peer is created with IFLA_INFO_PEER index 2), so the bytes need no look-up.
struct InsidePlan {
  std::vector<std::byte> messages;  // Each with NLM_F_ACK and sequence numbers 1…count.
  unsigned count = 0;
};
InsidePlan plan_inside(const NetworkAttachment* attachment);

}  // namespace ikada
