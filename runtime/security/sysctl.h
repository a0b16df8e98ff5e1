// Which sysctls a container may set: only those that belong to a namespace of its own.
//
// The check is pure and strict, because a name or value that smuggles a second one would be written
// with the host's rights (CVE-2022-0811).
//
// Source: namespaces(7), ipc_namespaces(7), network_namespaces(7); OCI runtime-spec "Sysctl".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

// Which namespaces the container has for itself, i.e. does not share with the host.
struct OwnNamespaces {
  bool network = false;
  bool ipc = false;
  bool uts = false;
};

struct SysctlWrite {
  std::string path;   // Below /proc/sys: "net/ipv4/ip_forward".
  std::string value;  // As written.
};

// linux.sysctl as writes in the order of names. kInvalid for a name outside the grammar or a value
// with anything but words of letters, digits and _-.,:, kDenied for one that is not on the list or
// not namespaced here.
Result<std::vector<SysctlWrite>> plan_sysctls(const std::map<std::string, std::string>& sysctls,
                                              const OwnNamespaces& own);

}  // namespace ikada
