// The files that tell a container who it is: /etc/hosts and /etc/hostname. (resolv.conf comes from
// net/resolv_conf.h.)
//
// Every value is checked before it is written, so that none can add a line of its own.
//
// Source: hosts(5), hostname(5); docker-run(1), --add-host.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

// RFC 1123 labels, 63 characters in all as Linux's hostname. kInvalid otherwise.
Result<void> check_hostname(std::string_view hostname);

struct HostsWish {
  std::string hostname = {};
  std::string domainname = {};
  std::string address = {};                   // Empty: the container has none.
  std::vector<std::string> extra_hosts = {};  // "name:address"; host-gateway means `gateway`.
  std::string gateway = {};
};

// kInvalid for an extra host that is not NAME:ADDRESS.
Result<std::string> plan_hosts(const HostsWish& wish);

// kInvalid unless NAME:ADDRESS with an IPv4 or IPv6 address or "host-gateway".
Result<void> check_extra_host(std::string_view extra_host);

}  // namespace ikada
