// The children that this process had before it started itself anew (execve(2)): monitors of
// containers that still run. Their ends are taken, so that no zombies stay.
//
// On the loop's thread; made before anything else starts a child.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cluster/agent/monitor_reaper.h"

namespace ikada {

class InheritedChildren {
 public:
  explicit InheritedChildren(boost::asio::io_context& loop);
  // Nothing of it is left on the loop then.
  void stop();

 private:
  void reap();

  MonitorReaper children_;
  boost::asio::steady_timer timer_;
  bool is_stopped_ = false;
};

}  // namespace ikada
