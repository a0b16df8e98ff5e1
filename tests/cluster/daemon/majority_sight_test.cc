#include "cluster/daemon/majority_sight.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

using std::chrono::milliseconds;

TEST_CASE("what gossip says counts after a majority was seen for a while") {
  const MajoritySight::Time start{};
  MajoritySight sight(start);
  const auto after = [&](int ms) { return start + milliseconds(ms); };

  sight.note(2, 3, after(100));
  CHECK_FALSE(sight.is_settled(after(2999)));
  CHECK(sight.is_settled(after(3000)));
  sight.note(1, 3, after(4000));  // Cut off.
  sight.note(2, 3, after(9000));  // One of them is back, the other is not yet.
  CHECK_FALSE(sight.is_settled(after(6999)));
  CHECK(sight.is_settled(after(7000)));
  // Half of them is no majority.
  sight.note(2, 4, after(9500));
  CHECK_FALSE(sight.is_settled(after(9500)));
}

}  // namespace
}  // namespace ikada
