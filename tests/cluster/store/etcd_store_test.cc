// What the store knows without asking etcd; the rest is in the contract.
#include "cluster/store/etcd_store.h"

#include <doctest/doctest.h>

#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

using std::chrono::milliseconds;

constexpr Revision kBase = 100;

// Nobody is there.
std::unique_ptr<EtcdStore> moved_store() {
  return expect_value(
      EtcdStore::create({.endpoints = {"https://127.0.0.1:1"}, .tls = {}, .revision_base = kBase}));
}

TEST_CASE("etcd: a watch from before the move is compacted, so that its owner lists again") {
  const std::unique_ptr<EtcdStore> store = moved_store();

  for (const Revision after : {Revision{0}, kBase - 1, kBase}) {
    const auto watch = expect_value(store->watch("", after));
    const Result<KeyEvents> next = watch->next(milliseconds(0));
    CAPTURE(after);
    REQUIRE_FALSE(next.has_value());
    CHECK(is_compacted(next.error()));
  }
}

TEST_CASE("etcd: such a watch can be cancelled, too") {
  const std::unique_ptr<EtcdStore> store = moved_store();
  const auto watch = expect_value(store->watch("", kBase - 1));

  watch->cancel();

  CHECK(is_watch_cancelled(watch->next(milliseconds(0)).error()));
}

}  // namespace
}  // namespace ikada
