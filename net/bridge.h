// The bridge device of a network and the kernel settings it needs.
//
// Source: ip-link(8), rtnetlink(7); Linux Documentation/networking/ip-sysctl.rst.
#pragma once

#include <string>
#include <vector>

#include "net/ipv4.h"
#include "runtime/base/result.h"

namespace ikada {

// A file below /proc/sys and what has to be in it.
struct KernelSetting {
  std::string path;
  std::string value;
  bool optional = false;  // A kernel without IPv6 does not have it.
};

// Forwarding for the host, and for the bridge: no IPv6 (so no forged router advertisement is
// believed, CVE-2020-13401), and routing of 127.0.0.0/8, which the host's own connections to
// 127.0.0.1 need and nft_plan.h's chain `guard` closes for all others.
std::vector<KernelSetting> plan_kernel_settings(const std::string& bridge);

// Whether the bridge exists, is up and has the subnet's first address. A few microseconds.
Result<bool> bridge_is_ready(const std::string& bridge, const Ipv4Subnet& subnet);

// Makes what is missing of the bridge; kConflict if an interface of that name is no bridge.
Result<void> make_bridge(const std::string& bridge, const Ipv4Subnet& subnet);

// Reads each setting and writes those that differ, so that a read-only /proc/sys with the right
// values is no failure.
Result<void> apply_kernel_settings(const std::vector<KernelSetting>& settings);

}  // namespace ikada
