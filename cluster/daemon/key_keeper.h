// The cluster's keys as this manager keeps them, and, on the leading one, the exchange of the key
// that seals secrets (sealing_key.h).
//
// On the loop's thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "cluster/daemon/control_plane.h"
#include "cluster/daemon/sealing_key.h"
#include "cluster/node/held_keys.h"

namespace ikada {

class KeyKeeper {
 public:
  struct Ground {
    ControlPlane& manager;
    ClusterKeys& keys;
    std::string path;  // Of their file.
    std::string node;  // This host's.
    // What a manager has told of, this one too; empty if it has not.
    std::function<HeldKeys(const std::string& node)> held_by;
    // This one has something else to tell of.
    std::function<void()> on_held;
  };
  explicit KeyKeeper(Ground ground) : ground_(std::move(ground)) {}

  // Whoever works with the keys is told of others.
  void set_on_keys(std::function<void(const ClusterKeys&)> on_keys) {
    on_keys_ = std::move(on_keys);
  }
  // The keys are others from now on.
  Result<void> keep(const ClusterKeys& keys);
  void describe(HeldKeys& held) const;

  // Does what the records say; on the leading manager also what they should say next, if anything.
  Proposal look(bool may_propose);

 private:
  Result<Proposal> look_at_sealing(bool may_propose);
  Result<void> take(const SealingOffer& offer);
  Result<Proposal> lead(SealingOffer offer, const Vault& vault);
  std::vector<std::vector<std::string>> told() const;

  Ground ground_;
  std::function<void(const ClusterKeys&)> on_keys_;
  std::string complaint_;  // As was told last.
  std::chrono::steady_clock::time_point reseal_at_{};
};

}  // namespace ikada
