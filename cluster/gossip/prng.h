// The random numbers of the gossip protocol's choices: whom to ask, in which order, when.
//
// Seeded, so that a seed is a reproduction. Not for keys or nonces.
//
// Source: SplitMix64, Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
#pragma once

#include <cstddef>
#include <cstdint>

namespace ikada::gossip {

// Spreads the bits of a number.
constexpr std::uint64_t mix_bits(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31);
}

class Prng {
 public:
  explicit Prng(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    return mix_bits(state_);
  }

  // From [0, limit), and 0 if `limit` is 0.
  size_t below(size_t limit) {
    return static_cast<size_t>((static_cast<unsigned __int128>(next()) * limit) >> 64);
  }

  // From [0, 1).
  double fraction() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace ikada::gossip
