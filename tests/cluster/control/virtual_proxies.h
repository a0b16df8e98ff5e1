// The proxies of the managers' hosts, which outlive the managers' processes: each takes the plan of
// its own manager when it comes to it, and has requests under way on targets until they end.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/loadbalancing/target_sights.h"
#include "tests/cluster/control/virtual_time.h"

namespace ikada::control {

class VirtualProxies {
 public:
  VirtualProxies(VirtualTime& time, size_t managers) : time_(time), proxies_(managers) {}

  // That manager's proxy does what the plan says, and tells what it sees.
  void follow(size_t manager, const BalancerPlan& plan);
  // What all have told, or, with the mistake, only that manager's as if it were all.
  TargetSights sights(size_t manager, bool forgets_others) const;

  // Whether some proxy has requests under way on a target of the task, or would begin one.
  bool uses(const std::string& task) const;
  // No check fails any more.
  void make_whole() { is_whole_ = true; }

 private:
  struct Seen {
    TargetState state = TargetState::kInitial;
    TimePoint checked_at = {};              // Its checks are done by then.
    std::optional<TimePoint> idle_at = {};  // Of one that is drained.
  };
  using Targets = std::map<std::string, std::map<std::string, Seen>>;

  struct Proxy {
    Targets targets = {};
    std::optional<TargetObservations> told = {};
  };

  void look(Seen& seen, bool is_draining);

  VirtualTime& time_;
  std::vector<Proxy> proxies_;
  bool is_whole_ = false;
};

}  // namespace ikada::control
