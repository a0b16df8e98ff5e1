// What only the SQLite store promises: its file.
#include "cluster/store/sqlite_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include <doctest/doctest.h>

#include "cluster/store/sqlite_connection.h"
#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"
#include "tests/cluster/store/manual_clock.h"
#include "tests/cluster/store/scratch_directory.h"
#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

struct stat stat_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status;
}

std::unique_ptr<SqliteStore> reopen(std::unique_ptr<SqliteStore> store, const std::string& path) {
  store.reset();
  return expect_value(SqliteStore::open(path));
}

TEST_CASE("sqlite_store: keys, revisions and history are there after a restart") {
  const ScratchDirectory scratch;
  auto store = expect_value(SqliteStore::open(scratch.path("db")));
  const Revision first = put(*store, "a", "1");
  const Revision second = put(*store, "a", "2");
  expect_value(store->commit(Transaction{}.put("b", "x")));
  const Revision removal = expect_value(store->commit(Transaction{}.remove("b"))).revision;

  store = reopen(std::move(store), scratch.path("db"));

  const KeyRead read = expect_value(store->get("a"));
  CHECK(read.revision == removal);
  CHECK(read.entry->created == first);
  CHECK(read.entry->modified == second);
  const auto watch = expect_value(store->watch("", 0));
  CHECK(pull(*watch, 4).size() == 4);
  CHECK(put(*store, "c", "x") == removal + 1);
}

TEST_CASE("sqlite_store: the revision goes on although the newest change is compacted away") {
  const ScratchDirectory scratch;
  auto store = expect_value(SqliteStore::open(scratch.path("db")));
  put(*store, "a", "1");
  const Revision removal = expect_value(store->commit(Transaction{}.remove("a"))).revision;
  CHECK(store->compact(removal).has_value());
  store = reopen(std::move(store), scratch.path("db"));

  CHECK(expect_value(store->get("a")).revision == removal);
  CHECK(put(*store, "a", "2") == removal + 1);
}

TEST_CASE("sqlite_store: a lease has its whole time anew after a restart") {
  const ScratchDirectory scratch;
  ManualClock clock;
  const auto now = [&] { return clock.now(); };
  auto store = expect_value(SqliteStore::open(scratch.path("db"), now));
  const Lease lease = expect_value(store->grant_lease(std::chrono::seconds(10)));
  expect_value(store->commit(Transaction{}.put("a", "x", lease.id)));
  clock.move(std::chrono::seconds(9));
  store.reset();
  store = expect_value(SqliteStore::open(scratch.path("db"), now));

  clock.move(std::chrono::seconds(9));
  store->wake();
  CHECK(store->keep_lease(lease.id).has_value());
  clock.move(std::chrono::seconds(11));
  store->wake();
  CHECK(wait_until_gone(*store, "a"));
}

TEST_CASE("sqlite_store: its files belong to their user alone") {
  const ScratchDirectory scratch;
  const mode_t old_mask = ::umask(0);
  auto store = expect_value(SqliteStore::open(scratch.path("db")));
  ::umask(old_mask);
  put(*store, "a", "x");

  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    CHECK((stat_of(scratch.path("db") + suffix).st_mode & 07777) == 0600);
  }
  store.reset();
  REQUIRE(::chmod(scratch.path("db").c_str(), 0644) == 0);
  store = expect_value(SqliteStore::open(scratch.path("db")));
  CHECK((stat_of(scratch.path("db")).st_mode & 07777) == 0600);
}

TEST_CASE("sqlite_store: an end in peace leaves the index in its place and an empty log") {
  const ScratchDirectory scratch;
  auto store = expect_value(SqliteStore::open(scratch.path("db")));
  put(*store, "a", "x");
  expect_value(store->get("a"));

  store.reset();

  CHECK(stat_of(scratch.path("db-wal")).st_size == 0);
  CHECK(stat_of(scratch.path("db-shm")).st_blocks * 512 >= 32768);
  store = expect_value(SqliteStore::open(scratch.path("db")));
  CHECK(expect_value(store->get("a")).entry->value == "x");
}

TEST_CASE("sqlite_store: a file that is open is refused") {
  const ScratchDirectory scratch;
  const auto store = expect_value(SqliteStore::open(scratch.path("db")));

  const auto second = SqliteStore::open(scratch.path("db"));

  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().kind == ErrorKind::kConflict);
}

TEST_CASE("sqlite_store: a file that is something else is refused and left alone") {
  const ScratchDirectory scratch;
  const std::string text(8192, 'x');
  REQUIRE(write_file_atomically(scratch.path("text"), text, 0600).has_value());
  const auto opened = SqliteStore::open(scratch.path("text"));
  REQUIRE_FALSE(opened.has_value());
  CHECK(is_store_corrupt(opened.error()));
  CHECK(expect_value(read_file(scratch.path("text"))) == text);

  REQUIRE(write_file_atomically(scratch.path("foreign"), "", 0600).has_value());
  {
    auto foreign = expect_value(SqliteConnection::open(scratch.path("foreign")));
    REQUIRE(foreign.execute("CREATE TABLE version(id)").has_value());
  }
  CHECK(is_store_corrupt(SqliteStore::open(scratch.path("foreign")).error()));
  CHECK(SqliteStore::open(scratch.path("none/db")).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("sqlite_store: a newer schema is refused with its number") {
  const ScratchDirectory scratch;
  expect_value(SqliteStore::open(scratch.path("db"))).reset();
  {
    auto connection = expect_value(SqliteConnection::open(scratch.path("db")));
    REQUIRE(connection.execute("PRAGMA user_version=7").has_value());
  }

  const auto opened = SqliteStore::open(scratch.path("db"));

  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().kind == ErrorKind::kInvalid);
  CHECK(opened.error().message.find("schema 7") != std::string::npos);
}

TEST_CASE("sqlite_store: a creation that was cut off is made again") {
  const ScratchDirectory scratch;
  REQUIRE(write_file_atomically(scratch.path("db"), "", 0600).has_value());

  auto store = expect_value(SqliteStore::open(scratch.path("db")));

  CHECK(put(*store, "a", "x") == 1);
}

TEST_CASE("sqlite_store: damaged pages are refused when the file is opened") {
  const ScratchDirectory scratch;
  {
    const auto store = expect_value(SqliteStore::open(scratch.path("db")));
    for (int i = 0; i < 200; ++i) {
      put(*store, "key-" + std::to_string(i), std::string(200, 'v'));
    }
  }
  const std::string whole = expect_value(read_file(scratch.path("db")));
  constexpr size_t kPage = 4096;
  REQUIRE(whole.size() > 8 * kPage);
  size_t refused = 0;
  for (size_t page = 1; page < whole.size() / kPage; ++page) {
    std::string damaged = whole;
    // The page's own head: kind, free blocks, count of cells.
    damaged.replace(page * kPage, 8, 8, '\xa5');
    REQUIRE(write_file_atomically(scratch.path("db"), damaged, 0600).has_value());
    const auto opened = SqliteStore::open(scratch.path("db"));
    if (!opened.has_value() && is_store_corrupt(opened.error())) ++refused;
  }

  // All but those that hold the middle of nothing.
  CHECK(refused >= whole.size() / kPage - 2);
  REQUIRE(write_file_atomically(scratch.path("db"), whole.substr(0, whole.size() / 2), 0600)
              .has_value());
  CHECK(is_store_corrupt(SqliteStore::open(scratch.path("db")).error()));
}

TEST_CASE("sqlite_store: what is compacted away is gone from the file after defragmenting") {
  const ScratchDirectory scratch;
  auto store = expect_value(SqliteStore::open(scratch.path("db")));
  Revision last = 0;
  for (int i = 0; i < 100; ++i) last = put(*store, "a", std::string(20'000, 'v'));
  const StoreStatus before = expect_value(store->status());

  CHECK(store->compact(last).has_value());
  // The sweep runs between other work.
  StoreStatus swept = expect_value(store->status());
  for (int i = 0; i < 100 && swept.used_bytes > before.used_bytes / 4; ++i) {
    put(*store, "b", "x");
    swept = expect_value(store->status());
  }
  CHECK(swept.used_bytes < before.used_bytes / 4);
  CHECK(store->defragment().has_value());

  const StoreStatus after = expect_value(store->status());
  CHECK(after.size_bytes < before.size_bytes / 4);
  CHECK(expect_value(store->get("a")).entry->value.size() == 20'000);
  store = reopen(std::move(store), scratch.path("db"));
  CHECK(expect_value(store->get("a")).entry->modified == last);
}

TEST_CASE("sqlite_store: many writers share the waits for the disk") {
  const ScratchDirectory scratch;
  const auto store = expect_value(SqliteStore::open(scratch.path("db")));
  constexpr int kThreads = 16;
  constexpr int kEach = 25;
  std::vector<std::thread> threads;
  std::atomic<int> done = 0;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        const auto commit = store->commit(
            Transaction{}.put(fmt::format("{}/{}", thread, i), std::string(500, 'v')));
        if (commit.has_value() && commit->succeeded) ++done;
      }
    });
  }
  for (std::thread& each : threads) each.join();

  CHECK(done == kThreads * kEach);
  const KeyRead read = expect_value(store->get("3/7"));
  CHECK(read.revision == kThreads * kEach);
  CHECK(read.entry->value.size() == 500);
}

}  // namespace
}  // namespace ikada
