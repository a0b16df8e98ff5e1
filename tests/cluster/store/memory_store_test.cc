// The faults that memory_store is told to have.
#include "cluster/store/memory_store.h"

#include <doctest/doctest.h>

#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

TEST_CASE("memory_store: out of reach, it changes nothing and says so") {
  MemoryStore store;
  put(store, "a", "1");
  const auto watch = expect_value(store.watch("", 0));
  store.set_faults([](StoreCall) { return StoreFault::kUnavailable; });

  for (const ErrorKind kind : {store.get("a").error().kind,
                               store.list({.prefix = "", .after = {}}).error().kind,
                               store.commit(Transaction{}.put("a", "2")).error().kind,
                               store.grant_lease(std::chrono::seconds(5)).error().kind,
                               watch->next(std::chrono::milliseconds(0)).error().kind}) {
    CHECK(kind == ErrorKind::kUnavailable);
  }
  CHECK_FALSE(is_outcome_unknown(store.commit(Transaction{}.put("a", "2")).error()));

  store.set_faults(nullptr);
  CHECK(expect_value(store.get("a")).entry->value == "1");
  CHECK(pull(*watch, 1).size() == 1);
}

TEST_CASE("memory_store: an answer that is lost leaves the outcome unknown, and it is done") {
  MemoryStore store;
  store.set_faults([](StoreCall call) {
    return call == StoreCall::kCommit ? StoreFault::kAnswerLost : StoreFault::kNone;
  });

  const Result<Commit> commit = store.commit(Transaction{}.put("a", "1"));

  REQUIRE_FALSE(commit.has_value());
  CHECK(is_outcome_unknown(commit.error()));
  CHECK(expect_value(store.get("a")).entry->value == "1");
}

TEST_CASE("memory_store: full, it goes on reading") {
  MemoryStore store;
  put(store, "a", "1");
  store.set_faults([](StoreCall) { return StoreFault::kFull; });

  CHECK(is_store_full(store.commit(Transaction{}.put("a", "2")).error()));
  CHECK(expect_value(store.get("a")).entry->value == "1");
}

TEST_CASE("memory_store: a watch can be told that its place is compacted") {
  MemoryStore store;
  const auto watch = expect_value(store.watch("", put(store, "a", "1")));
  store.set_faults([](StoreCall call) {
    return call == StoreCall::kNext ? StoreFault::kCompacted : StoreFault::kNone;
  });

  CHECK(is_compacted(watch->next(std::chrono::milliseconds(0)).error()));
}

}  // namespace
}  // namespace ikada
