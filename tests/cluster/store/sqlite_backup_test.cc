#include "cluster/store/sqlite_backup.h"

#include <sys/stat.h>

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "cluster/store/sqlite_connection.h"
#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"
#include "tests/cluster/store/scratch_directory.h"
#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

TEST_CASE("backup: a restored store has the keys of one moment and a higher revision") {
  const ScratchDirectory scratch;
  const auto store = expect_value(SqliteStore::open(scratch.path("db")));
  const Lease lease = expect_value(store->grant_lease(std::chrono::seconds(60)));
  put(*store, "a", "1");
  expect_value(store->commit(Transaction{}.put("b", "2", lease.id)));
  const Revision last = put(*store, "a", "3");

  const BackupSummary summary = expect_value(back_up_store(*store, scratch.path("backup")));
  put(*store, "a", "later");
  REQUIRE(restore_store(scratch.path("backup"), scratch.path("restored")).has_value());

  struct stat status {};
  REQUIRE(::stat(scratch.path("backup").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(static_cast<std::uint64_t>(status.st_size) == summary.size_bytes);
  CHECK(summary.digest.starts_with("sha256:"));
  const auto restored = expect_value(SqliteStore::open(scratch.path("restored")));
  const KeyPage page = expect_value(restored->list({.prefix = "", .after = {}}));
  REQUIRE(page.entries.size() == 2);
  CHECK(page.entries[0].value == "3");
  CHECK(page.entries[0].modified == last);
  CHECK(page.entries[1].lease == lease.id);
  CHECK(page.revision >= last + kRestoreStep);
  CHECK(restored->keep_lease(lease.id).has_value());
  // Whoever saw what came after the backup is sent back to a list.
  const auto watch = expect_value(restored->watch("", last + 1));
  CHECK(is_compacted(watch->next(std::chrono::milliseconds(0)).error()));
  CHECK(put(*restored, "a", "new") > last + kRestoreStep);
}

TEST_CASE("backup: it is of one moment although others write") {
  const ScratchDirectory scratch;
  const auto store = expect_value(SqliteStore::open(scratch.path("db")));
  put(*store, "left", "0");
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      const std::string text = std::to_string(i);
      static_cast<void>(
          store->commit(Transaction{}.put("left", text).put("right", text)).has_value());
    }
  });

  for (int round = 0; round < 5; ++round) {
    expect_value(back_up_store(*store, scratch.path("backup")));
    const std::string name = scratch.path("restored-" + std::to_string(round));
    REQUIRE(restore_store(scratch.path("backup"), name).has_value());
    const auto restored = expect_value(SqliteStore::open(name));
    const KeyRead left = expect_value(restored->get("left"));
    const KeyRead right = expect_value(restored->get("right"));
    if (right.entry.has_value()) CHECK(left.entry->value == right.entry->value);
  }
  stop = true;
  writer.join();
}

TEST_CASE("backup: one bit changed in any block, or an end cut off, is refused") {
  const ScratchDirectory scratch;
  const auto store = expect_value(SqliteStore::open(scratch.path("db")));
  for (int i = 0; i < 50; ++i) put(*store, std::to_string(i), std::string(500, 'v'));
  expect_value(back_up_store(*store, scratch.path("backup")));
  const std::string whole = expect_value(read_file(scratch.path("backup")));
  const auto is_refused = [&](const std::string& bytes) {
    REQUIRE(
        write_file_atomically(scratch.path("bad"), bytes, 0600, Durability::kVolatile).has_value());
    const Result<void> restored = restore_store(scratch.path("bad"), scratch.path("restored"));
    return !restored.has_value() && is_store_corrupt(restored.error()) &&
           ::access(scratch.path("restored").c_str(), F_OK) != 0;
  };

  for (size_t at = 0; at < whole.size(); at += 1024) {
    std::string damaged = whole;
    damaged[at + std::min<size_t>(at / 1024, whole.size() - 1 - at)] ^= 1;
    CHECK(is_refused(damaged));
  }
  for (size_t at = whole.size() - 128; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] ^= 1;
    CHECK(is_refused(damaged));
  }
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{128}, whole.size() / 2, whole.size() - 1}) {
    CHECK(is_refused(whole.substr(0, size)));
  }
  CHECK(is_refused(whole + "\n"));
  CHECK_FALSE(is_refused(whole));
}

TEST_CASE("backup: a store that is there is not overwritten") {
  const ScratchDirectory scratch;
  const auto store = expect_value(SqliteStore::open(scratch.path("db")));
  put(*store, "a", "1");
  expect_value(back_up_store(*store, scratch.path("backup")));

  CHECK(restore_store(scratch.path("backup"), scratch.path("db")).error().kind ==
        ErrorKind::kConflict);
  CHECK(expect_value(store->get("a")).entry->value == "1");
  CHECK(expect_value(list_directory(scratch.path(""))).size() == 5);  // With lock, log and index.
}

}  // namespace
}  // namespace ikada
