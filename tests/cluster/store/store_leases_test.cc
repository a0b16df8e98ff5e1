// What every store does with leases.
#include <doctest/doctest.h>

#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

using std::chrono::seconds;

Revision put_with(Store& store, const std::string& key, LeaseId lease) {
  const Commit commit = expect_value(store.commit(Transaction{}.put(key, "x", lease)));
  CHECK(commit.succeeded);
  return commit.revision;
}

bool is_there(Store& store, const std::string& key) {
  return expect_value(store.get(key)).entry.has_value();
}

TEST_CASE("store: the keys of a lease go when its time is over") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const Lease lease = expect_value(store.grant_lease(seconds(2)));
    const Revision revision = put_with(store, made.key("a"), lease.id);
    put(store, made.key("b"), "stays");
    const auto watch = expect_value(store.watch(made.key("a"), revision));
    CHECK(lease.id != kNoLease);
    CHECK(lease.ttl >= seconds(2));
    CHECK(expect_value(store.get(made.key("a"))).entry->lease == lease.id);

    made.pass(lease.ttl + seconds(1));

    CHECK(wait_until_gone(store, made.key("a")));
    const std::vector<KeyEvent> events = pull(*watch, 1);
    REQUIRE(events.size() == 1);
    CHECK(text_of(events.front()) == "-" + made.key("a"));
    CHECK(is_there(store, made.key("b")));
    CHECK(is_lease_gone(store.keep_lease(lease.id).error()));
    CHECK(is_lease_gone(store.revoke_lease(lease.id).error()));
    CHECK(is_lease_gone(store.commit(Transaction{}.put(made.key("c"), "x", lease.id)).error()));
    CHECK_FALSE(is_there(store, made.key("c")));
  });
}

TEST_CASE("store: a lease that is kept does not end") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const Lease lease = expect_value(store.grant_lease(seconds(3)));
    put_with(store, made.key("a"), lease.id);

    for (int i = 0; i < 3; ++i) {
      made.pass(seconds(2));
      REQUIRE(store.keep_lease(lease.id).has_value());
    }

    CHECK(is_there(store, made.key("a")));
    CHECK(store.revoke_lease(lease.id).has_value());
  });
}

TEST_CASE("store: a lease that is revoked takes all its keys along") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const Lease lease = expect_value(store.grant_lease(seconds(60)));
    constexpr size_t kKeys = 300;
    for (size_t i = 0; i < kKeys;) {
      Transaction transaction;
      for (size_t n = 0; n < 100; ++n, ++i) {
        transaction.put(made.key(std::to_string(i)), "x", lease.id);
      }
      expect_value(store.commit(transaction));
    }
    put(store, made.key("other"), "x");

    CHECK(store.revoke_lease(lease.id).has_value());

    const KeyPage page = expect_value(store.list({.prefix = made.own_prefix(), .after = {}}));
    REQUIRE(page.entries.size() == 1);
    CHECK(page.entries.front().key == made.key("other"));
    CHECK(is_lease_gone(store.revoke_lease(lease.id).error()));
    CHECK(is_lease_gone(store.keep_lease(lease.id).error()));
  });
}

TEST_CASE("store: a put takes its key to another lease, or to none") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const Lease first = expect_value(store.grant_lease(seconds(60)));
    const Lease second = expect_value(store.grant_lease(seconds(60)));
    CHECK(first.id != second.id);
    put_with(store, made.key("moves"), first.id);
    put_with(store, made.key("leaves"), first.id);
    put_with(store, made.key("comes back"), first.id);
    put_with(store, made.key("moves"), second.id);
    put_with(store, made.key("leaves"), kNoLease);
    expect_value(store.commit(Transaction{}.remove(made.key("comes back"))));
    put_with(store, made.key("comes back"), kNoLease);

    CHECK(store.revoke_lease(first.id).has_value());

    CHECK(is_there(store, made.key("moves")));
    CHECK(is_there(store, made.key("leaves")));
    CHECK(is_there(store, made.key("comes back")));
    CHECK(store.revoke_lease(second.id).has_value());
    CHECK_FALSE(is_there(store, made.key("moves")));
  });
}

TEST_CASE("store: a put with a lease that is not there changes nothing") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const Revision before = put(store, made.key("a"), "old");

    const Result<Commit> commit =
        store.commit(Transaction{}.put(made.key("a"), "new").put(made.key("b"), "x", 0x1234567890));

    REQUIRE_FALSE(commit.has_value());
    CHECK(is_lease_gone(commit.error()));
    CHECK(expect_value(store.get(made.key("a"))).entry->modified == before);
    CHECK_FALSE(is_there(store, made.key("b")));
  });
}

TEST_CASE("store: a lease shorter or longer than any is refused") {
  on_each_store([](StoreUnderTest& made) {
    for (const seconds ttl : {seconds(-1), seconds(0), seconds(1), kMaxLeaseTtl + seconds(1)}) {
      CHECK(made.store().grant_lease(ttl).error().kind == ErrorKind::kInvalid);
    }
  });
}

}  // namespace
}  // namespace ikada
