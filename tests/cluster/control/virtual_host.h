// A worker: the real agent with its runner, assignments and uplink, on a virtual engine, disk,
// network and clock. The engine and the disk outlive the process.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster/agent/agent.h"
#include "cluster/node/remote_assignments.h"
#include "tests/cluster/control/control_run.h"
#include "tests/cluster/control/virtual_engine.h"
#include "tests/cluster/control/virtual_network.h"

namespace ikada::control {

struct HostSetting {
  VirtualTime& time;
  VirtualNetwork& network;
  size_t managers = 1;  // At the places from 0 on.
  ControlMistakes mistakes = {};
  std::function<void(const std::string&)> trace;
};

class VirtualHost {
 public:
  VirtualHost(HostSetting& setting, size_t place, std::int64_t cpu_units, std::int64_t memory_mib);
  ~VirtualHost();

  size_t place() const { return place_; }

  void start();
  // The daemon's process: containers go on.
  void kill();
  // Everything.
  void lose_power();
  void pause() { life_->loop->pause(); }
  void resume() { life_->loop->resume(); }

  bool runs() const { return life_ != nullptr; }
  bool is_paused() const { return runs() && life_->loop->is_paused(); }
  const Agent* agent() const { return runs() ? life_->agent.get() : nullptr; }
  bool is_connected() const { return runs() && life_->uplink->is_connected(); }

  VirtualEngine& engine() { return engine_; }
  const VirtualEngine& engine() const { return engine_; }
  const VirtualDisk& disk() const { return disk_; }
  HostClock& clock() { return clock_; }

 private:
  struct Life {
    std::shared_ptr<VirtualLoop> loop;
    std::unique_ptr<Uplink> uplink;
    std::unique_ptr<RemoteAssignments> assignments;
    std::unique_ptr<Agent> agent;
  };

  AgentOptions agent_options() const;
  void tell_news(const News& news);

  HostSetting& setting_;
  const size_t place_;
  const HostFacts facts_;
  HostClock clock_;
  VirtualEngine engine_;
  VirtualDisk disk_;
  std::unique_ptr<Life> life_;
};

}  // namespace ikada::control
