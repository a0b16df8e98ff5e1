#include "image/registry/patience.h"

#include <doctest/doctest.h>

namespace ikada::registry {
namespace {

using std::chrono::seconds;

TEST_CASE("a phase without a rate ends within its limit, however many bytes move") {
  const Patience::Clock::time_point now{};
  Patience patience;
  patience.begin(seconds(10), 0);
  CHECK(patience.deadline(now) == now + seconds(10));

  patience.waited(seconds(4));
  patience.moved(1'000'000);

  CHECK(patience.deadline(now) == now + seconds(6));
  patience.waited(seconds(20));
  CHECK(patience.deadline(now) == now);
}

TEST_CASE("with a rate, bytes earn time, but never more than the limit for one step") {
  const Patience::Clock::time_point now{};
  Patience patience;
  patience.begin(seconds(10), 1000);

  patience.waited(seconds(8));
  patience.moved(3000);
  CHECK(patience.deadline(now) == now + seconds(5));
  patience.moved(1'000'000);
  CHECK(patience.deadline(now) == now + seconds(10));
}

TEST_CASE("a byte now and then earns nothing") {
  const Patience::Clock::time_point now{};
  Patience patience;
  patience.begin(seconds(10), 1000);
  int steps = 0;
  while (patience.deadline(now) > now && steps < 1000) {
    patience.waited(seconds(1));
    patience.moved(1);
    ++steps;
  }
  CHECK(steps == 10);
}

}  // namespace
}  // namespace ikada::registry
