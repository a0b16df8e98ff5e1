// A seeded generator for decisions that must be repeatable: the same seed gives the same numbers on
// every machine. It is no source of secrets.
//
// Source: Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators" (xoshiro256**);
// Lemire, "Fast Random Integer Generation in an Interval".
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace ikada {

class Prng {
 public:
  explicit constexpr Prng(std::uint64_t seed) {
    for (std::uint64_t& word : state_) word = spread(seed += 0x9E3779B97F4A7C15);
  }

  // Any of the 2^64 values.
  constexpr std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // Less than `bound`, each value as likely as another. `bound` is not 0.
  constexpr std::uint32_t below(std::uint32_t bound) {
    std::uint64_t product = (next() >> 32) * bound;
    // Values of the low half below 2^32 mod bound come once too often.
    while (static_cast<std::uint32_t>(product) < (0U - bound) % bound) {
      product = (next() >> 32) * bound;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

 private:
  static constexpr std::uint64_t spread(std::uint64_t word) {
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9;
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
    return word ^ (word >> 31);
  }

  std::array<std::uint64_t, 4> state_{};
};

}  // namespace ikada
