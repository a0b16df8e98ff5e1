// A tournament: each leaf is a host or a group of hosts with its best key, the root knows the best
// of all and how many hosts share it. A change and a choice take time logarithmic in the leaves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cluster/scheduler/placement_key.h"

namespace ikada::scheduler {

class MinTree {
 public:
  explicit MinTree(size_t leaves);

  // Sets a leaf without telling the rest of the tree; build() does that for all.
  void assign(size_t leaf, const BestHosts& best) { nodes_[capacity_ + leaf] = best; }
  void build();

  // Sets a leaf. False if what the root knows stays the same.
  bool set(size_t leaf, const BestHosts& best);

  const BestHosts& best() const { return nodes_[1]; }

  // Where the host number `which` of those with the best key is, in the order of leaves.
  // `which` < best().ways.
  struct Place {
    size_t leaf;
    std::uint32_t which;  // Within that leaf.
  };
  Place find(std::uint32_t which) const;

  size_t size_bytes() const { return nodes_.capacity() * sizeof(BestHosts); }

 private:
  size_t capacity_;               // A power of two.
  std::vector<BestHosts> nodes_;  // [1] is the root, [2i] and [2i + 1] are below [i].
};

}  // namespace ikada::scheduler
