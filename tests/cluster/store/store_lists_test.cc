// What every store does with lists and compaction.
#include <doctest/doctest.h>

#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

std::vector<std::string> keys_of(const KeyPage& page) {
  std::vector<std::string> keys;
  for (const KeyValue& entry : page.entries) keys.push_back(entry.key);
  return keys;
}

// All keys with the prefix, page by page at one revision.
std::vector<std::string> list_all(Store& store, const std::string& prefix, size_t limit) {
  std::vector<std::string> keys;
  ListOptions options{.prefix = prefix, .after = {}, .limit = limit};
  while (true) {
    const KeyPage page = expect_value(store.list(options));
    for (const KeyValue& entry : page.entries) keys.push_back(entry.key);
    if (!page.more) return keys;
    options.after = page.entries.back().key;
    options.revision = page.revision;
  }
}

TEST_CASE("store: a list is in the order of the keys' bytes") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const std::vector<std::string> names = {
        std::string("\0", 1), "A", "B", "a", "a/1", "a/10", "a/2", "a0", "\x7f", "\x80", "\xff"};
    for (auto name = names.rbegin(); name != names.rend(); ++name) {
      put(store, made.key(*name), *name);
    }
    std::vector<std::string> expected;
    for (const std::string& name : names) expected.push_back(made.key(name));

    const KeyPage page = expect_value(store.list({.prefix = made.own_prefix(), .after = {}}));

    CHECK(keys_of(page) == expected);
    CHECK_FALSE(page.more);
    CHECK(page.entries.front().value == names.front());
    for (const size_t limit : {1, 2, 3, 10, 11, 12}) {
      CHECK(list_all(store, made.own_prefix(), limit) == expected);
    }
  });
}

TEST_CASE("store: a list has the keys of its prefix only") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    for (const char* name :
         {"task", "task/1", "task/2", "task0", "tasl", "\xff\xff", "\xff\xff/1"}) {
      put(store, made.key(name), "x");
    }

    CHECK(list_all(store, made.key("task/"), 10) ==
          std::vector<std::string>{made.key("task/1"), made.key("task/2")});
    CHECK(list_all(store, made.key("\xff\xff"), 10) ==
          std::vector<std::string>{made.key("\xff\xff"), made.key("\xff\xff/1")});
    CHECK(list_all(store, made.key("none"), 10).empty());
    // From a place before and from one behind the prefix.
    const KeyPage all = expect_value(
        store.list({.prefix = made.key("task/"), .after = made.key("a"), .limit = 10}));
    CHECK(all.entries.size() == 2);
    const KeyPage none = expect_value(
        store.list({.prefix = made.key("task/"), .after = made.key("z"), .limit = 10}));
    CHECK(none.entries.empty());
  });
}

TEST_CASE("store: pages of one list show one revision whatever is written meanwhile") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    for (const char* name : {"a", "b", "c", "d"}) put(store, made.key(name), "old");

    const KeyPage first =
        expect_value(store.list({.prefix = made.own_prefix(), .after = {}, .limit = 2}));
    put(store, made.key("c"), "new");
    put(store, made.key("bb"), "new");
    expect_value(store.commit(Transaction{}.remove(made.key("d"))));
    const KeyPage second = expect_value(store.list({.prefix = made.own_prefix(),
                                                    .after = first.entries.back().key,
                                                    .limit = 10,
                                                    .revision = first.revision}));

    CHECK(first.more);
    CHECK_FALSE(second.more);
    CHECK(second.revision == first.revision);
    CHECK(keys_of(second) == std::vector<std::string>{made.key("c"), made.key("d")});
    CHECK(second.entries.front().value == "old");
    CHECK(keys_of(expect_value(store.list({.prefix = made.own_prefix(), .after = {}}))) ==
          std::vector<std::string>{made.key("a"), made.key("b"), made.key("bb"), made.key("c")});
  });
}

TEST_CASE("store: a list that passes a limit or lies in the future is refused") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const Revision now = put(store, made.key("a"), "x");
    const auto kind_of = [&](size_t limit, Revision revision) {
      return store
          .list({.prefix = made.own_prefix(), .after = {}, .limit = limit, .revision = revision})
          .error()
          .kind;
    };

    CHECK(kind_of(0, 0) == ErrorKind::kInvalid);
    CHECK(kind_of(kMaxPage + 1, 0) == ErrorKind::kInvalid);
    CHECK(kind_of(1, -1) == ErrorKind::kInvalid);
    CHECK(kind_of(1, now + 100) == ErrorKind::kInvalid);
  });
}

TEST_CASE("store: thousands of keys come in one page") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    constexpr size_t kKeys = 2500;
    for (size_t i = 0; i < kKeys;) {
      Transaction transaction;
      for (size_t n = 0; n < 125; ++n, ++i) transaction.put(made.key(std::to_string(i)), "v");
      expect_value(store.commit(transaction));
    }

    const KeyPage page =
        expect_value(store.list({.prefix = made.own_prefix(), .after = {}, .limit = kKeys - 1}));

    CHECK(page.entries.size() == kKeys - 1);
    CHECK(page.more);
    CHECK(list_all(store, made.own_prefix(), 1000).size() == kKeys);
  });
}

TEST_CASE("store: compaction forgets the past and keeps the present") {
  on_each_store([](StoreUnderTest& made) {
    Store& store = made.store();
    const std::string prefix = made.own_prefix();
    put(store, made.key("a"), "1");
    const Revision old = put(store, made.key("b"), "1");
    put(store, made.key("a"), "2");
    expect_value(store.commit(Transaction{}.remove(made.key("b"))));
    const Revision kept = put(store, made.key("c"), "1");
    const Revision last = put(store, made.key("a"), "3");
    const auto list_at = [&](Revision revision) {
      return store.list({.prefix = prefix, .after = {}, .limit = 10, .revision = revision});
    };
    CHECK(keys_of(expect_value(list_at(old))).size() == 2);

    CHECK(store.compact(kept).has_value());

    CHECK(is_compacted(list_at(old).error()));
    CHECK(is_compacted(list_at(kept - 1).error()));
    const KeyPage at_kept = expect_value(list_at(kept));
    CHECK(keys_of(at_kept) == std::vector<std::string>{made.key("a"), made.key("c")});
    CHECK(at_kept.entries.front().value == "2");
    CHECK(expect_value(list_at(last)).entries.front().value == "3");
    CHECK(expect_value(store.get(made.key("a"))).entry->value == "3");
    CHECK_FALSE(expect_value(store.get(made.key("b"))).entry.has_value());

    // Again, further back, and beyond the present.
    CHECK(store.compact(kept).has_value());
    CHECK(store.compact(old).has_value());
    CHECK(store.compact(last + 100).error().kind == ErrorKind::kInvalid);
    CHECK(is_compacted(list_at(kept - 1).error()));
    CHECK(put(store, made.key("d"), "x") == last + 1);
    CHECK(store.defragment().has_value());
    CHECK(expect_value(store.get(made.key("a"))).entry->value == "3");
    const StoreStatus status = expect_value(store.status());
    CHECK(status.revision == last + 1);
    CHECK(status.used_bytes <= status.size_bytes);
  });
}

}  // namespace
}  // namespace ikada
