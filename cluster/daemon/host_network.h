// This host's part of the cluster's network of tasks (net/overlay_network.h): made as managers tell
// it, and looked after.
//
// What was told last is kept in STATE/agent/network.json, so that the network is there before any
// manager is, after a restart of the daemon or of the host. The daemon's end leaves everything in
// place. But for task_bridge() all calls are on the loop's thread.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "cluster/engine/container_spec.h"
#include "cluster/node/network_view.h"
#include "net/overlay_network.h"

namespace ikada {

struct HostNetworkOptions {
  std::string state_dir;  // EngineLayout::task_network_state().
  std::string path;       // STATE/agent/network.json
  std::chrono::milliseconds look_again{5000};
};

class HostNetwork {
 public:
  HostNetwork(boost::asio::io_context& loop, HostNetworkOptions options);

  // The host is a member now, reached at `address`. Takes up what was told last.
  void open(const std::string& address);
  // Whether there is a file of what was told.
  bool is_kept() const;
  // Ends the looking after.
  void stop();
  // The host is no member any more: takes everything away.
  void remove();

  // Called when task_bridge() has become another. Before open().
  void set_on_bridge(std::function<void()> on_bridge) { on_bridge_ = std::move(on_bridge); }

  // Brings its tables of nftables back if somebody took them away.
  void mend();

  void set(const NetworkView& view);
  // News of something else are left alone.
  void take(const News& news);

  // Where the next task gets its address: none on a host in no cluster, or in one without such a
  // network. kUnavailable: there is one, but not here, not now.
  Result<TaskBridgeSpec> task_bridge() const;

 private:
  void keep() const;
  void apply();
  Result<TaskBridgeSpec> make();
  void wait();

  HostNetworkOptions options_;
  OverlayNetwork overlay_;
  boost::asio::steady_timer timer_;
  std::string address_;
  NetworkView view_;
  bool is_told_ = false;
  std::function<void()> on_bridge_;
  mutable std::mutex mutex_;
  Result<TaskBridgeSpec> bridge_ = TaskBridgeSpec{};
};

}  // namespace ikada
