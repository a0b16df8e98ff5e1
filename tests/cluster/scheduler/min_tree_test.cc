#include "cluster/scheduler/min_tree.h"

#include <vector>

#include <doctest/doctest.h>

#include "runtime/base/prng.h"

namespace ikada::scheduler {
namespace {

BestHosts score(std::uint32_t first, std::uint32_t ways = 1) {
  BestHosts best{.key = {}, .ways = ways};
  best.key.set(0, first);
  return best;
}

}  // namespace

TEST_CASE("a key keeps its scores apart, and the first counts most") {
  PlacementKey a;
  PlacementKey b;
  for (size_t i = 0; i < Request::kMaxStrategies; ++i) {
    a.set(i, static_cast<std::uint32_t>(10 - i));
    b.set(i, static_cast<std::uint32_t>(10 - i));
  }
  for (size_t i = 0; i < Request::kMaxStrategies; ++i) CHECK(a.get(i) == 10 - i);
  CHECK(a == b);

  b.set(4, 7);
  CHECK(a < b);
  b.set(1, 8);
  CHECK(b < a);
  b.set(0, UINT32_MAX);
  CHECK(a < b);
}

TEST_CASE("the root knows the least key and how often it is there") {
  MinTree tree(5);
  CHECK(tree.best().ways == 0);

  tree.set(1, score(7));
  tree.set(3, score(5));
  tree.set(4, score(5, 2));
  CHECK(tree.best() == score(5, 3));
  CHECK(tree.find(0).leaf == 3);
  CHECK(tree.find(1).leaf == 4);
  CHECK(tree.find(1).which == 0);
  CHECK(tree.find(2).which == 1);

  tree.set(3, {});
  tree.set(4, {});
  CHECK(tree.best() == score(7));
  CHECK(tree.find(0).leaf == 1);
}

TEST_CASE("any sequence of changes leaves what a fresh look finds") {
  for (const size_t leaves : {size_t{1}, size_t{2}, size_t{3}, size_t{17}, size_t{64}}) {
    Prng prng(leaves);
    MinTree tree(leaves);
    std::vector<BestHosts> plain(leaves);
    for (int turn = 0; turn < 500; ++turn) {
      const size_t leaf = prng.below(static_cast<std::uint32_t>(leaves));
      plain[leaf] = prng.below(4) == 0 ? BestHosts() : score(prng.below(4), prng.below(3) + 1);
      tree.set(leaf, plain[leaf]);

      BestHosts best;
      for (const BestHosts& each : plain) {
        if (each.ways == 0) continue;
        if (best.ways == 0 || each.key < best.key) {
          best = each;
        } else if (each.key == best.key) {
          best.ways += each.ways;
        }
      }
      REQUIRE(tree.best() == best);
      std::uint32_t which = 0;
      for (size_t i = 0; i < leaves; ++i) {
        if (plain[i].ways == 0 || plain[i].key != best.key) continue;
        for (std::uint32_t way = 0; way < plain[i].ways; ++way, ++which) {
          REQUIRE(tree.find(which).leaf == i);
          REQUIRE(tree.find(which).which == way);
        }
      }
      REQUIRE(which == best.ways);
    }
  }
}

}  // namespace ikada::scheduler
