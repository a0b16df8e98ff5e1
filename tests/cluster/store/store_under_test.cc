#include "tests/cluster/store/store_under_test.h"

#include "runtime/base/random_id.h"

namespace ikada {
namespace {

constexpr std::chrono::seconds kPatience{10};

}  // namespace

StoreUnderTest::StoreUnderTest() : own_("/test-" + random_hex(6) + "/") {}

void on_each_store(const std::function<void(StoreUnderTest& made)>& test) {
  for (const StoreKind& kind : stores_under_test()) {
    CAPTURE(kind.name);
    const std::unique_ptr<StoreUnderTest> made = kind.make();
    REQUIRE(made != nullptr);
    test(*made);
  }
}

Revision put(Store& store, const std::string& key, const std::string& value) {
  const Commit commit = expect_value(store.commit(Transaction{}.put(key, value)));
  CHECK(commit.succeeded);
  return commit.revision;
}

std::string text_of(const KeyEvent& event) {
  if (event.kind == KeyOperation::Kind::kRemove) return "-" + event.entry.key;
  return event.entry.key + "=" + event.entry.value;
}

std::vector<KeyEvent> pull(Watch& watch, size_t count) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::vector<KeyEvent> events;
  while (events.size() < count && std::chrono::steady_clock::now() < deadline) {
    const KeyEvents found = expect_value(watch.next(std::chrono::milliseconds(500)));
    events.insert(events.end(), found.events.begin(), found.events.end());
  }
  return events;
}

bool wait_until_gone(Store& store, const std::string& key) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  const KeyRead seen = expect_value(store.get(key));
  if (!seen.entry.has_value()) return true;
  const auto watch = expect_value(store.watch(key, seen.revision));
  while (std::chrono::steady_clock::now() < deadline) {
    const KeyEvents found = expect_value(watch->next(std::chrono::milliseconds(200)));
    for (const KeyEvent& event : found.events) {
      if (event.kind == KeyOperation::Kind::kRemove && event.entry.key == key) return true;
    }
  }
  return false;
}

}  // namespace ikada
