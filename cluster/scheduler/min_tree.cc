#include "cluster/scheduler/min_tree.h"

#include <algorithm>
#include <bit>

namespace ikada::scheduler {
namespace {

BestHosts better(const BestHosts& a, const BestHosts& b) {
  if (b.ways == 0) return a;
  if (a.ways == 0) return b;
  const auto order = a.key <=> b.key;
  if (order < 0) return a;
  if (order > 0) return b;
  return {.key = a.key, .ways = a.ways + b.ways};
}

}  // namespace

MinTree::MinTree(size_t leaves)
    : capacity_(std::bit_ceil(std::max<size_t>(leaves, 1))), nodes_(2 * capacity_) {}

void MinTree::build() {
  for (size_t i = capacity_ - 1; i > 0; --i) nodes_[i] = better(nodes_[2 * i], nodes_[2 * i + 1]);
}

bool MinTree::set(size_t leaf, const BestHosts& best) {
  size_t i = capacity_ + leaf;
  if (nodes_[i] == best) return false;
  nodes_[i] = best;
  for (i /= 2; i > 0; i /= 2) {
    const BestHosts now = better(nodes_[2 * i], nodes_[2 * i + 1]);
    if (nodes_[i] == now) return false;
    nodes_[i] = now;
  }
  return true;
}

MinTree::Place MinTree::find(std::uint32_t which) const {
  size_t i = 1;
  while (i < capacity_) {
    i *= 2;
    const BestHosts& left = nodes_[i];
    const bool left_has_it = left.ways > 0 && left.key == nodes_[1].key;
    if (left_has_it && which < left.ways) continue;
    if (left_has_it) which -= left.ways;
    ++i;
  }
  return {.leaf = i - capacity_, .which = which};
}

}  // namespace ikada::scheduler
