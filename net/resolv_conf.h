// A container's /etc/resolv.conf, made from the host's.
//
// Source: resolv.conf(5); docker-run(1), --dns, --dns-search, --dns-option.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

struct DnsOptions {
  std::vector<std::string> servers;
  std::vector<std::string> search;  // A single "." means none.
  std::vector<std::string> options;
};

// The host's resolv.conf, or the one that systemd-resolved keeps for others where the host's own
// names only its local stub. Empty if there is none.
std::string read_host_resolv_conf();

// As resolv.conf(5) reads it: of several search lines the last one counts, options add up. What
// stands there is not checked.
DnsOptions parse_resolv_conf(std::string_view text);

// Servers, search and options of the host, each replaced by the explicit ones if there are any. A
// container with a network of its own does not see the host's loopback servers nor, having no
// IPv6, its IPv6 ones; 8.8.8.8 and 8.8.4.4 stand in if none remains, as docker does. kInvalid for
// an explicit value that is not an address or would be more than one word.
Result<std::string> plan_resolv_conf(std::string_view host_resolv_conf,
                                     const DnsOptions& options,
                                     bool host_network);

}  // namespace ikada
