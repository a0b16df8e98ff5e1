#include "cluster/api/term_begin.h"

#include <doctest/doctest.h>

#include "cluster/api/state_feed.h"
#include "cluster/store/memory_store.h"

namespace ikada {

TEST_CASE("a leader whose watch is late does not begin before it has seen its own term") {
  MemoryStore store;
  const auto feed = std::move(*StateFeed::create_without_thread(store, [](const Error&) {}));
  // The predecessor's last act, then ours to follow it.
  REQUIRE(store.commit(Transaction{}.put("of-predecessor", "a task")).has_value());
  const Result<Commit> taken = store.commit(Transaction{}.expect("leader", 0).put("leader", "me"));
  REQUIRE(taken.has_value());
  const LeaderTerm term{.fence = {.key = "leader", .modified = taken->revision}};

  CHECK_FALSE(has_come_to(feed->state(), term));
  CHECK_FALSE(fence_of(feed->state(), {.is_ready = true, .term = term}).has_value());

  for (int i = 0; i < 10 && feed->state().revision() < taken->revision; ++i) feed->pull();

  CHECK(has_come_to(feed->state(), term));
  const auto fence = fence_of(feed->state(), {.is_ready = true, .term = term});
  REQUIRE(fence.has_value());
  CHECK((*fence)->key == "leader");
  CHECK((*fence)->modified == taken->revision);
}

TEST_CASE("who does not lead, or knows nothing yet, does not write") {
  const State state;
  CHECK_FALSE(fence_of(state, {.is_ready = false, .is_founding = true}).has_value());
  CHECK_FALSE(fence_of(state, {.is_ready = true}).has_value());
  const auto founding = fence_of(state, {.is_ready = true, .is_founding = true});
  REQUIRE(founding.has_value());
  CHECK_FALSE(founding->has_value());
}

}  // namespace ikada
