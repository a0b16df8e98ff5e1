// The network of tasks on this host: a bridge for its own tasks, a VXLAN device to those of other
// hosts, and what guards both. One process at a time applies it; containers' addresses may be taken
// and given back by others meanwhile.
//
// Below `state_dir` are a lock and the addresses in use, as in container_network.h, for the bridge
// kTaskBridge. What is applied survives the process; another one that applies the same changes
// nothing but makes the tables anew, in one step.
//
// Source: overlay_plan.h, overlay_filter.h.
#pragma once

#include <optional>
#include <string>

#include "net/container_network.h"
#include "net/overlay_filter.h"

namespace ikada {

class OverlayNetwork {
 public:
  explicit OverlayNetwork(std::string state_dir) : state_dir_(std::move(state_dir)) {}

  // Makes what is missing and changes what is different. A few milliseconds; less than one when
  // nothing has to be done.
  Result<void> apply(const OverlayConfig& config);

  // Takes everything away. Idempotent.
  Result<void> remove();

  // Of tasks' interfaces; what apply() found.
  unsigned mtu() const { return mtu_; }

 private:
  Result<void> ensure_bridge(const OverlayConfig& config) const;
  Result<void> ensure_tables(const OverlayConfig& config, bool is_fresh);

  std::string state_dir_;
  std::optional<OverlayConfig> applied_;
  unsigned mtu_ = 0;
};

// Whether both tables are there and have not been emptied.
Result<bool> has_task_tables();

// The address of a task on the bridge of the network: reserved, and the only one that may be spoken
// with from the host's end of the container's veth pair. kUnavailable if there is none, or if the
// network is not there.
Result<ContainerAddress> take_task_address(const BridgeConfig& bridge,
                                           const std::string& container_id);
// Idempotent.
Result<void> give_back_task_address(const BridgeConfig& bridge, const std::string& container_id);

}  // namespace ikada
