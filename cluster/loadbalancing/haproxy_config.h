// A plan as the text of haproxy.cfg.
//
// The part without servers says what HAProxy can only take by reading the file anew: listeners,
// rules, groups. A hash of it stands in the text ("description", as `show info` reports it), so
// that one can tell by the running HAProxy whether it has to. Servers are given and taken at run
// time (proxy_changes.h) and stand in the file because HAProxy forgets them when it reads it.
//
// Source: HAProxy 2.6 Configuration Manual.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster/loadbalancing/balancer_plan.h"

namespace ikada {

struct HaproxyPaths {
  std::string runtime_socket = {};
  std::string jail = {};        // An empty directory, the workers' root; empty: none.
  std::string user = {};        // Whom the workers run as; empty: whoever starts it.
  std::string log_socket = {};  // As the workers reach it, who tell of requests there.
  // Of what the file names: when it changes, HAProxy has to read all anew.
  std::string certificates_stamp = {};
};

// A server that is to be there from the start.
struct ConfiguredServer {
  std::string name;
  std::string address;  // With port.
  int weight = 0;       // 0: it waits for its first check.

  bool operator==(const ConfiguredServer&) const = default;
};

// By section ("g:NAME", "o:NAME").
using ConfiguredServers = std::map<std::string, std::vector<ConfiguredServer>>;

struct HaproxyConfig {
  std::string text;
  std::string hash;  // Of all but the servers.
};

HaproxyConfig haproxy_config(const BalancerPlan& plan,
                             const HaproxyPaths& paths,
                             const ConfiguredServers& servers);

}  // namespace ikada
