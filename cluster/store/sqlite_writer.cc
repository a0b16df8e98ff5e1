#include "cluster/store/sqlite_writer.h"

#include <cstdint>
#include <utility>

namespace ikada {
namespace {

constexpr std::int64_t kSweepWindow = 1000;

}  // namespace

Result<SqliteWriter> SqliteWriter::create(SqliteConnection connection) {
  SqliteWriter writer(std::move(connection));
  const std::pair<SqliteStatement*, std::string_view> statements[] = {
      {&writer.begin_, "BEGIN IMMEDIATE"},
      {&writer.commit_, "COMMIT"},
      {&writer.newest_,
       "SELECT id, created, lease FROM version WHERE key = ?1 ORDER BY id DESC LIMIT 1"},
      {&writer.insert_,
       "INSERT INTO version(id, key, value, created, lease) VALUES(?1,?2,?3,?4,?5)"},
      {&writer.attach_, "INSERT OR IGNORE INTO attachment(lease, key) VALUES(?1, ?2)"},
      {&writer.detach_, "DELETE FROM attachment WHERE lease = ?1 AND key = ?2"},
      {&writer.attached_, "SELECT key FROM attachment WHERE lease = ?1 ORDER BY key LIMIT 128"},
      {&writer.has_lease_, "SELECT 1 FROM lease WHERE id = ?1"},
      {&writer.add_lease_, "INSERT INTO lease(id, ttl_s) VALUES(?1, ?2)"},
      {&writer.end_lease_, "DELETE FROM lease WHERE id = ?1"},
      {&writer.mark_compacted_, "UPDATE state SET value = ?1 WHERE name = 'compacted'"},
      {&writer.sweep_window_,
       "SELECT coalesce(max(id), 0), count(*) FROM "
       "(SELECT id FROM version WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3)"},
      // The list of ids is complete before the first is deleted: a removal must not go before what
      // it removed.
      {&writer.sweep_,
       "DELETE FROM version WHERE id IN (SELECT id FROM version AS old "
       "WHERE id > ?1 AND id <= ?2 AND (id % 2 = 1 OR EXISTS (SELECT 1 FROM version AS newer "
       "WHERE newer.key = old.key AND newer.id > old.id AND newer.id < ?3)))"},
  };
  for (const auto& [statement, sql] : statements) {
    IK_LET(prepared, writer.connection_.prepare(sql));
    *statement = std::move(prepared);
  }
  IK_LET(state, read_stored_state(writer.connection_));
  writer.state_ = writer.committed_ = state;
  return writer;
}

Result<void> SqliteWriter::begin() { return begin_.start().run(); }

Result<void> SqliteWriter::commit() {
  IK_TRY(commit_.start().run());
  committed_ = state_;
  return {};
}

void SqliteWriter::abandon() {
  if (connection_.in_transaction()) {
    static_cast<void>(connection_.execute("ROLLBACK").has_value());
  }
  state_ = committed_;
}

Result<SqliteWriter::Newest> SqliteWriter::newest(std::string_view key) {
  IK_LET(found, newest_.start().bind(1, key).step());
  Newest newest;
  if (found) {
    newest = {.id = newest_.integer(0), .created = newest_.integer(1), .lease = newest_.integer(2)};
  }
  newest_.start();
  return newest;
}

Result<bool> SqliteWriter::has_lease(LeaseId id) {
  IK_LET(found, has_lease_.start().bind(1, id).step());
  has_lease_.start();
  return found;
}

Result<bool> SqliteWriter::holds(const KeyCompare& compare) {
  IK_LET(now, newest(compare.key));
  return (now.exists() ? revision_of(now.id) : 0) == compare.modified;
}

Result<void> SqliteWriter::insert(std::int64_t id, const KeyValue& entry) {
  return insert_.start()
      .bind(1, id)
      .bind(2, entry.key)
      .bind(3, entry.value)
      .bind(4, entry.created)
      .bind(5, entry.lease)
      .run();
}

// Both write at the revision behind the store's.
Result<void> SqliteWriter::put(const KeyOperation& operation, size_t place) {
  IK_LET(old, newest(operation.key));
  const Revision revision = state_.revision + 1;
  const LeaseId old_lease = old.exists() ? old.lease : kNoLease;
  if (old_lease != operation.lease) {
    if (old_lease != kNoLease) {
      IK_TRY(detach_.start().bind(1, old_lease).bind(2, operation.key).run());
    }
    if (operation.lease != kNoLease) {
      IK_TRY(attach_.start().bind(1, operation.lease).bind(2, operation.key).run());
    }
  }
  return insert(version_id(revision, place, false),
                {.key = operation.key,
                 .value = operation.value,
                 .created = old.exists() ? old.created : revision,
                 .lease = operation.lease});
}

Result<bool> SqliteWriter::remove(const std::string& key, size_t place) {
  IK_LET(old, newest(key));
  if (!old.exists()) return false;
  if (old.lease != kNoLease) IK_TRY(detach_.start().bind(1, old.lease).bind(2, key).run());
  IK_TRY(insert(version_id(state_.revision + 1, place, true), {.key = key, .value = {}}));
  return true;
}

Result<SqliteWriter::Applied> SqliteWriter::apply(const Transaction& transaction) {
  Applied applied;
  for (const KeyOperation& operation : transaction.operations) {
    if (operation.lease == kNoLease) continue;
    IK_LET(has, has_lease(operation.lease));
    if (has) continue;
    applied.missing_lease = operation.lease;
    return applied;
  }
  applied.commit.revision = state_.revision;
  for (const KeyCompare& compare : transaction.compares) {
    IK_LET(held, holds(compare));
    if (!held) return applied;
  }
  size_t changes = 0;
  for (const KeyOperation& operation : transaction.operations) {
    if (operation.kind == KeyOperation::Kind::kPut) {
      IK_TRY(put(operation, changes));
      ++changes;
    } else {
      IK_LET(was_there, remove(operation.key, changes));
      if (was_there) ++changes;
    }
  }
  if (changes > 0) ++state_.revision;
  applied.commit = {.succeeded = true, .revision = state_.revision};
  return applied;
}

Result<void> SqliteWriter::add_lease(const Lease& lease) {
  return add_lease_.start().bind(1, lease.id).bind(2, lease.ttl.count()).run();
}

Result<bool> SqliteWriter::end_lease(LeaseId id) {
  IK_LET(has, has_lease(id));
  if (!has) return false;
  while (true) {
    std::vector<std::string> keys;
    attached_.start().bind(1, id);
    while (true) {
      IK_LET(more, attached_.step());
      if (!more) break;
      keys.push_back(attached_.bytes(0));
    }
    attached_.start();
    if (keys.empty()) break;
    for (size_t place = 0; place < keys.size(); ++place) {
      IK_LET(was_there, remove(keys[place], place));
      if (!was_there) return make_error(ErrorKind::kInternal, "sqlite: a lease holds no key");
    }
    ++state_.revision;
  }
  IK_TRY(end_lease_.start().bind(1, id).run());
  return true;
}

Result<std::vector<Lease>> SqliteWriter::leases() {
  IK_LET(all, connection_.prepare("SELECT id, ttl_s FROM lease"));
  std::vector<Lease> leases;
  while (true) {
    IK_LET(more, all.step());
    if (!more) return leases;
    leases.push_back({.id = all.integer(0), .ttl = std::chrono::seconds(all.integer(1))});
  }
}

Result<void> SqliteWriter::mark_compacted(Revision revision) {
  IK_TRY(mark_compacted_.start().bind(1, revision).run());
  state_.compacted = revision;
  swept_ = 0;
  return {};
}

Result<bool> SqliteWriter::sweep() {
  if (swept_ == INT64_MAX) return false;
  const std::int64_t end = id_behind(state_.compacted);
  sweep_window_.start().bind(1, swept_).bind(2, end).bind(3, kSweepWindow);
  IK_LET(found, sweep_window_.step());
  const std::int64_t last = found ? sweep_window_.integer(0) : 0;
  const std::int64_t count = found ? sweep_window_.integer(1) : 0;
  sweep_window_.start();
  if (count == 0) {
    swept_ = INT64_MAX;
    return false;
  }
  IK_TRY(begin());
  Result<void> done = sweep_.start().bind(1, swept_).bind(2, last).bind(3, end).run();
  if (done.has_value()) done = commit();
  if (!done.has_value()) {
    abandon();
    return done.error();
  }
  swept_ = last;
  return true;
}

Result<void> SqliteWriter::empty_log() {
  return connection_.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

Result<void> SqliteWriter::shrink_file() {
  IK_TRY(connection_.execute("PRAGMA incremental_vacuum"));
  return connection_.execute("PRAGMA wal_checkpoint(PASSIVE)");
}

}  // namespace ikada
