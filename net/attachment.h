// Wiring one container's network namespace, for the runtime's monitor: done by netlink in this
// process, no `ip`.
//
// The parent calls create_veth() once the container's first process exists; the container's
// process, already in its network namespace and before it gives up its privileges, sends the bytes
// that plan_inside() made beforehand and checks the acknowledgements, so nothing is computed there.
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
  unsigned mtu = 0;  // 0: the kernel's default.
};

Json to_json(const NetworkAttachment& attachment);

// kInvalid for a name, address, prefix or MAC that create_veth or plan_inside could not use.
Result<NetworkAttachment> parse_network_attachment(const Json& json);

// Creates the pair with container_interface inside the namespace of `pid` and host_interface here,
// up, enslaved to the bridge and without an IPv6 address: one netlink batch. kConflict if the name
// exists, kNotFound if the bridge or process is missing. Nothing is left on failure.
Result<void> create_veth(const NetworkAttachment& attachment, pid_t pid);

// Of a pair, either end takes the other with it. A missing interface is not an error.
Result<void> remove_interface(const std::string& name);

// The index that create_veth gives container_interface. A new namespace has lo as 1 and, where
// tunnel modules are loaded, their fallback devices after it; this is beyond all of them.
constexpr int kContainerInterfaceIndex = 64;

// Netlink messages for the inside, to be sent to a NETLINK_ROUTE socket in one send(2): lo up;
// address on and up of container_interface; default route. They use known interface indices and
// so need no look-up. `attachment` null means only lo; otherwise it has passed
// parse_network_attachment.
struct InsidePlan {
  std::vector<std::byte> messages;  // Each with NLM_F_ACK and sequence numbers 1…count.
  unsigned count = 0;
};
InsidePlan plan_inside(const NetworkAttachment* attachment);

}  // namespace ikada
