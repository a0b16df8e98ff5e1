// How good a host is for a task: one number for each strategy, the first counts most, less is
// better.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

#include "cluster/scheduler/request.h"

namespace ikada::scheduler {

// The numbers lie two in a word, so that a comparison looks at three words.
class PlacementKey {
 public:
  void set(size_t strategy, std::uint32_t score) {
    std::uint64_t& word = words_[strategy / 2];
    const unsigned shift = strategy % 2 == 0 ? 32 : 0;
    word = (word & ~(std::uint64_t{UINT32_MAX} << shift)) | std::uint64_t{score} << shift;
  }

  std::uint32_t get(size_t strategy) const {
    return static_cast<std::uint32_t>(words_[strategy / 2] >> (strategy % 2 == 0 ? 32 : 0));
  }

  auto operator<=>(const PlacementKey&) const = default;

 private:
  std::array<std::uint64_t, (Request::kMaxStrategies + 1) / 2> words_{};
};

// The best key of some hosts, and how many of them have it; none if `ways` is 0.
struct BestHosts {
  PlacementKey key;
  std::uint32_t ways = 0;

  bool operator==(const BestHosts&) const = default;
};

}  // namespace ikada::scheduler
