// What every store does with transactions.
#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

TEST_CASE("store: what was put is read, byte by byte") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const std::string key = made.key(std::string("a\0b\xff", 4));
    const std::string value("\0\xff\n value \x80", 11);

    const Revision revision = put(store, key, value);
    const KeyRead read = expect_value(store.get(key));

    REQUIRE(read.entry.has_value());
    CHECK(read.entry->key == key);
    CHECK(read.entry->value == value);
    CHECK(read.entry->created == revision);
    CHECK(read.entry->modified == revision);
    CHECK(read.entry->lease == kNoLease);
    CHECK(read.revision == revision);
  });
}

TEST_CASE("store: a key that is not there is no error") {
  on_each_store([](StoreUnderTest& made) {
    CHECK_FALSE(expect_value(made.store().get(made.key("none"))).entry.has_value());
  });
}

TEST_CASE("store: an empty value is a value") {
  on_each_store([](StoreUnderTest& made) {
    put(made.store(), made.key("a"), "");

    const KeyRead read = expect_value(made.store().get(made.key("a")));

    REQUIRE(read.entry.has_value());
    CHECK(read.entry->value.empty());
  });
}

TEST_CASE("store: a key keeps the revision that created it until it is removed") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const std::string key = made.key("a");
    const Revision created = put(store, key, "1");
    const Revision changed = put(store, key, "2");

    CHECK(expect_value(store.get(key)).entry->created == created);
    CHECK(expect_value(store.get(key)).entry->modified == changed);

    const Commit removal = expect_value(store.commit(Transaction{}.remove(key)));
    CHECK(removal.revision == changed + 1);
    CHECK_FALSE(expect_value(store.get(key)).entry.has_value());

    const Revision again = put(store, key, "3");
    CHECK(expect_value(store.get(key)).entry->created == again);
  });
}

TEST_CASE("store: a compare with revision 0 holds for a key that is not there") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const std::string key = made.key("a");
    const Transaction transaction = Transaction{}.expect(key, 0).put(key, "first");

    CHECK(expect_value(store.commit(transaction)).succeeded);
    CHECK_FALSE(expect_value(store.commit(transaction)).succeeded);

    expect_value(store.commit(Transaction{}.remove(key)));
    CHECK(expect_value(store.commit(transaction)).succeeded);
  });
}

TEST_CASE("store: a compare that fails leaves everything as it was") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const Revision a = put(store, made.key("a"), "1");
    const Revision b = put(store, made.key("b"), "1");
    const Transaction stale = Transaction{}
                                  .expect(made.key("a"), a)
                                  .expect(made.key("b"), a)
                                  .put(made.key("a"), "2")
                                  .put(made.key("c"), "2")
                                  .remove(made.key("b"));

    const Commit commit = expect_value(store.commit(stale));

    CHECK_FALSE(commit.succeeded);
    CHECK(commit.revision == b);
    CHECK(expect_value(store.get(made.key("a"))).entry->value == "1");
    CHECK(expect_value(store.get(made.key("b"))).entry->value == "1");
    CHECK_FALSE(expect_value(store.get(made.key("c"))).entry.has_value());
  });
}

TEST_CASE("store: all operations of a transaction share one revision") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const Revision before = put(store, made.key("gone"), "x");

    const Commit commit = expect_value(store.commit(Transaction{}
                                                        .expect(made.key("gone"), before)
                                                        .put(made.key("a"), "1")
                                                        .put(made.key("b"), "2")
                                                        .remove(made.key("gone"))));

    CHECK(commit.succeeded);
    CHECK(commit.revision == before + 1);
    CHECK(expect_value(store.get(made.key("a"))).entry->modified == commit.revision);
    CHECK(expect_value(store.get(made.key("b"))).entry->modified == commit.revision);
  });
}

TEST_CASE("store: a transaction that changes nothing raises no revision") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const Revision before = put(store, made.key("a"), "1");

    const Commit removal = expect_value(store.commit(Transaction{}.remove(made.key("none"))));
    const Commit compare = expect_value(store.commit(Transaction{}.expect(made.key("a"), before)));

    CHECK(removal.succeeded);
    CHECK(removal.revision == before);
    CHECK(compare.succeeded);
    CHECK(compare.revision == before);
  });
}

TEST_CASE("store: a transaction takes as much as it says, and no more") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    Transaction most;
    for (size_t i = 0; i < kMaxOperations; ++i) {
      most.put(made.key(std::to_string(i)), "x");
      most.expect(made.key(std::to_string(i)), 0);
    }
    CHECK(expect_value(store.commit(most)).succeeded);

    Transaction too_many = most;
    too_many.compares.clear();
    too_many.put(made.key("one more"), "x");
    CHECK(store.commit(too_many).error().kind == ErrorKind::kInvalid);

    const std::string key = made.key("large");
    const std::string largest(kMaxTransactionBytes - key.size(), '\xfe');
    put(store, key, largest);
    CHECK(expect_value(store.get(key)).entry->value == largest);
    CHECK(store.commit(Transaction{}.put(key, largest + "x")).error().kind == ErrorKind::kInvalid);

    const std::string longest = key + std::string(kMaxKeyBytes - key.size(), 'k');
    put(store, longest, "x");
    CHECK(expect_value(store.get(longest)).entry.has_value());
    CHECK(store.get(longest + "k").error().kind == ErrorKind::kInvalid);
  });
}

TEST_CASE("store: what has no meaning is refused") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const std::string a = made.key("a");

    CHECK(store.get("").error().kind == ErrorKind::kInvalid);
    CHECK(store.commit(Transaction{}.put("", "x")).error().kind == ErrorKind::kInvalid);
    CHECK(store.commit(Transaction{}.put(a, "1").put(a, "2")).error().kind == ErrorKind::kInvalid);
    CHECK(store.commit(Transaction{}.put(a, "1").remove(a)).error().kind == ErrorKind::kInvalid);
    CHECK(store.commit(Transaction{}.expect(a, -1)).error().kind == ErrorKind::kInvalid);
    CHECK_FALSE(expect_value(store.get(a)).entry.has_value());
  });
}

TEST_CASE("store: of transactions that compare the same, one succeeds") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const std::string key = made.key("counter");
    put(store, key, "0");
    constexpr int kThreads = 4;
    constexpr int kEach = 20;

    std::vector<std::thread> threads;
    std::atomic<int> conflicts = 0;
    std::atomic<int> failures = 0;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int done = 0; done < kEach;) {
          const Result<KeyRead> read = store.get(key);
          if (!read.has_value()) {
            ++failures;
            return;
          }
          const KeyValue& now = *read->entry;
          const Result<Commit> commit =
              store.commit(Transaction{}
                               .expect(key, now.modified)
                               .put(key, std::to_string(std::stoi(now.value) + 1)));
          if (!commit.has_value()) {
            ++failures;
            return;
          }
          commit->succeeded ? ++done : ++conflicts;
        }
      });
    }
    for (std::thread& each : threads) each.join();

    CHECK(failures == 0);
    CHECK(expect_value(store.get(key)).entry->value == std::to_string(kThreads * kEach));
  });
}

}  // namespace
}  // namespace ikada
