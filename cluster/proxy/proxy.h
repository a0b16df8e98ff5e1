// The application load balancers of this host: HAProxy, run and steered for a plan.
//
// HAProxy runs while the plan has a listener, and neither needs this object nor ends with it: a new
// one goes on with what it finds in the directory. Targets come and go at run time; listeners,
// rules and groups by a reload that drops no connection. If HAProxy dies it is started again at
// once.
//
// One that hangs is told by `on_problems` and `on_serving` when it has not answered for 3 s, and
// killed and started anew after 9 s, in which it was asked three times: that ends its connections,
// in which nothing moves any more. A question counts only if our own clock was on time, so that a
// host that was suspended, or stood still, gives HAProxy all of that time afterwards.
//
// Calls and callbacks are on the loop's thread; nothing waits. A callback may call apply(). What
// fails is tried again; it is logged once, and told by `on_problems`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "cluster/loadbalancing/balancer_plan.h"
#include "cluster/loadbalancing/proxy_status.h"
#include "cluster/loadbalancing/request_log.h"

namespace ikada {

struct ProxyOptions {
  std::string directory;  // Made if need be, 0700; of nobody else. Its parent is there.
  std::string program = "/usr/sbin/haproxy";
};

// Why listeners of the plan are not served, by their names: a port that another program has, a
// certificate that cannot be read. Under the empty name what concerns all of them: no HAProxy.
using ListenerProblems = std::map<std::string, std::string>;

struct ProxyEvents {
  // All observations, whenever a state has changed, or the sessions of a draining target.
  std::function<void(const TargetObservations&)> on_targets = [](const TargetObservations&) {};
  // All problems, whenever they have changed; empty when all is well again.
  std::function<void(const ListenerProblems&)> on_problems = [](const ListenerProblems&) {};
  // That HAProxy runs the plan that apply() was given with this revision, but for the listeners
  // that on_problems has told of; whenever the revision is another. 0: nothing runs, nor can be
  // started, or it hangs.
  std::function<void(std::int64_t revision)> on_serving = [](std::int64_t) {};
  // Requests that were answered, some at a time.
  std::function<void(const std::vector<RequestRecord>&)> on_requests =
      [](const std::vector<RequestRecord>&) {};
  // That so many more requests could not be told of.
  std::function<void(std::int64_t count)> on_untold = [](std::int64_t) {};
};

class ProxyWork;

class Proxy {
 public:
  // Does nothing until the first plan. `loop` outlives it.
  Proxy(boost::asio::io_context& loop, ProxyOptions options, ProxyEvents events);
  // Calls nothing back any more. HAProxy serves on.
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // From now on this plan. A group that no listener uses is not looked at. `revision`: whatever the
  // caller knows it by, not 0 in a plan with listeners.
  void apply(BalancerPlan plan, std::int64_t revision);

  // Ends HAProxy, too, and waits for it, half a second as a rule. For a host that is to carry no
  // balancers any more; apply() starts it again.
  void stop();

  // Requests by group's name, summed up over HAProxy's workers since this object was made.
  const std::map<std::string, SectionCounts>& counts() const;

  // Clients' connections by listener's section, as the present worker counts them.
  const std::map<std::string, ConnectionCounts>& connections() const;

 private:
  std::shared_ptr<ProxyWork> work_;
};

}  // namespace ikada
