#include "runtime/base/prng.h"

#include <array>

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("a seed always gives the same numbers") {
  Prng first(42);
  Prng second(42);
  Prng other(43);
  bool differs = false;

  for (int turn = 0; turn < 100; ++turn) {
    const std::uint64_t number = first.next();

    CHECK(number == second.next());
    if (number != other.next()) differs = true;
  }
  CHECK(differs);
}

TEST_CASE("the numbers are those of xoshiro256**") {
  // Computed with the published algorithm, its state filled by splitmix64 from 0.
  Prng generator(0);

  CHECK(generator.next() == 0x99EC5F36CB75F2B4);
  CHECK(generator.next() == 0xBF6E1F784956452A);
  CHECK(generator.next() == 0x1A5F849D4933E6E0);
}

TEST_CASE("numbers below a bound are all about as frequent") {
  Prng generator(7);
  std::array<int, 7> counts{};

  for (int turn = 0; turn < 70'000; ++turn) ++counts.at(generator.below(7));

  for (const int count : counts) {
    CHECK(count > 9'500);
    CHECK(count < 10'500);
  }
  CHECK(generator.below(1) == 0);
}

}  // namespace ikada
