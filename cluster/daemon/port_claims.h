// Which listeners of network load balancers this host's kernel may serve: it does not take the
// clients of a program that has the port already. Pure.
//
// A new listener waits until it is known that nobody has its port. One that is served stays for
// kClaimPatience while somebody has it: HAProxy, which holds ports of TCP, may be starting again, a
// client may speak from that port for a moment. Then the program has its clients. Ports of UDP are
// held by nobody; those of the cluster's own tasks and targets are no other program's.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/daemon/network_table.h"
#include "net/udp_listeners.h"

namespace ikada {

inline constexpr std::chrono::seconds kClaimPatience{3};

enum class PortUse {
  kFree,
  kUnknown,  // Somebody has it, perhaps we.
  kTaken,
};

class PortClaims {
 public:
  using Clock = std::chrono::steady_clock;
  using FindUse = std::function<PortUse(const NetworkListener&)>;

  // Those of `listeners` that may be served.
  std::vector<NetworkListener> choose(const std::vector<NetworkListener>& listeners,
                                      const FindUse& find_use,
                                      Clock::time_point now);

  // Of those that may not because their ports are taken: NetworkListener::name and the reason.
  const std::map<std::string, std::string>& problems() const { return problems_; }

 private:
  // When it was first seen that the port is not free; nothing if it is. Of those that are served.
  std::map<std::string, std::optional<Clock::time_point>> served_;
  std::map<std::string, std::string> problems_;
};

// Whether one of the programs gets datagrams that clients send to the listener.
bool has_program(const std::vector<UdpListener>& programs, const NetworkListener& listener);

// Whether a task on the instance has that port of UDP, or a target of the plan is there.
bool is_clusters_udp_port(const State& state, const std::string& instance, std::uint16_t port);
bool has_own_target(const BalancerPlan& plan, const NetworkSight& sight, std::uint16_t port);

}  // namespace ikada
